/**
 * Markdown that a model or data wrote, as it is put into a file for people. Whatever renders it shows text and links, and
 * neither runs nor loads anything. Pure.
 */
import { BIDIRECTIONAL, CONTROLS } from '../../../runtime/characters.ts';

/** Tabs and line feeds are Markdown's own. */
const UNSHOWN = new RegExp(`(?![\\n\\t])[${CONTROLS}${BIDIRECTIONAL}]`, 'g');
/** What begins a tag, a comment, a declaration or an autolink; `< 5` is text. */
const TAG = /<(?=[A-Za-z/!?])/g;
/** An image is loaded by whoever looks; behind `!\[` stands text. */
const IMAGE = /!\[/g;

/** Control characters become �, raw HTML becomes text, and an image its source. Doing it twice changes nothing. */
export function safeMarkdown(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(UNSHOWN, '\ufffd')
    .replaceAll(TAG, '&lt;')
    .replaceAll(IMAGE, '!\\[');
}
