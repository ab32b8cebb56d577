import { isUtf8 } from 'node:buffer';

/** Text files are UTF-8. A byte order mark at their start is no part of the text. Pure. */
export type TextRead = { ok: true; text: string } | { ok: false; line: number; column: number; wrong: string };

const MARK = /^\uFEFF/;

/** The text of a file; what else it is, with the place of the first byte that is no text, counted from 1. */
export function decodeText(bytes: Uint8Array): TextRead {
  if (isUtf16(bytes)) return { ok: false, line: 1, column: 1, wrong: 'is written in UTF-16, expected UTF-8' };
  const text = Buffer.from(bytes).toString('utf8');
  if (isUtf8(bytes)) return { ok: true, text: text.replace(MARK, '') };
  const lines = Buffer.from(bytes.subarray(0, firstWrong(bytes, text)))
    .toString('utf8')
    .replace(MARK, '')
    .split(/\r\n|\r|\n/);
  const wrong = 'holds a byte that is no UTF-8, expected a text file in UTF-8';
  return { ok: false, line: lines.length, column: (lines.at(-1) ?? '').length + 1, wrong };
}

/** By its mark, or by the zero byte that every Latin letter has there. */
function isUtf16([first, second]: Uint8Array): boolean {
  if (first === undefined || second === undefined) return false;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return marked || (first === 0) !== (second === 0);
}

/** Where the bytes differ from those of the text that was made of them. */
function firstWrong(bytes: Uint8Array, text: string): number {
  const again = Buffer.from(text, 'utf8');
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at += 1;
  // A character that is cut off begins before the byte that shows it.
  return at;
}
