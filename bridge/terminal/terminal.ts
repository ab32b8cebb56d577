/**
 * Text for a terminal: a few colours, and what no text from data may do to it. Whatever is written to a terminal goes
 * through `forTerminal`, JSON through `jsonText`: `output.ts` is the only one that writes.
 */
import { randomInt } from 'node:crypto';
import { BIDIRECTIONAL, CONTROLS } from '../../runtime/characters.ts';

export interface Paint {
  strong(text: string): string;
  faint(text: string): string;
  attention(text: string): string;
  bad(text: string): string;
}

/**
 * Begins a colour of ours until the text leaves. The number is drawn by each process, so that text from data, whenever it was
 * written, holds none; a terminal that got it all the same would ignore it.
 */
const OURS = `\u001b[${randomInt(2 ** 47, 2 ** 48)}`;

const plain = (text: string): string => text;
const sgr =
  (code: number) =>
  (text: string): string =>
    text === '' ? '' : `${OURS}${code}m${text}${OURS}0m`;

export const PLAIN: Paint = { strong: plain, faint: plain, attention: plain, bad: plain };
export const COLOURS: Paint = { strong: sgr(1), faint: sgr(2), attention: sgr(33), bad: sgr(31) };

/** Includes the escape that begins a terminal's commands: a name in the data must not move the cursor. Line feeds stay. */
const UNSHOWN = new RegExp(`(?!\\n)[${CONTROLS}${BIDIRECTIONAL}]`, 'g');

/** Tabs become spaces, other control and bidirectional characters are shown as �; line feeds stay. */
export function harmless(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\t', '  ').replaceAll(UNSHOWN, '\ufffd');
}

/** What may be written to a terminal: everything is made harmless but the colours of ours. */
export function forTerminal(text: string): string {
  return text.split(OURS).map(harmless).join('\u001b[');
}

/** JSON that a terminal can show: characters that steer it are escaped, so that the value is the same. */
export function jsonText(value: unknown, indent?: number): string {
  return escapedJson(JSON.stringify(value, null, indent));
}

/** The same of a JSON text. Outside of strings it holds no such character but line feeds, and tabs are escaped in them. */
export function escapedJson(text: string): string {
  return text.replaceAll(UNSHOWN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** JSON on one line that breaks at spaces, between its values. */
export function spacedJson(value: unknown): string {
  return JSON.stringify(value, null, 1).replaceAll(/\n */g, ' ');
}
