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
/** A link leads to a page or an address: of another scheme it may run code when it is followed. Behind `]\(` stands text. */
const LINK = /\]\((?!\s*<?(?:https?:\/\/|mailto:))/gi;
/** The same of a link whose destination is defined elsewhere, `[1]: …`, also in a list or a quotation. */
const DEFINITION = /^([ \t>*+\-\d.)]*)\[((?:\\.|[^\]\\])+)\]:(?!\s*<?(?:https?:\/\/|mailto:))/gim;

/**
 * Control characters become �, raw HTML becomes text, an image its source, and a link that is none to a page or an address its
 * source, too. Doing it twice changes nothing.
 */
export function safeMarkdown(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(UNSHOWN, '\ufffd')
    .replaceAll(TAG, '&lt;')
    .replaceAll(IMAGE, '!\\[')
    .replaceAll(LINK, ']\\(')
    .replaceAll(DEFINITION, '$1\\[$2]:');
}
