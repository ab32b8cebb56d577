/** Lines of text as wide as a terminal shows them, in cells. Pure. */
import stringWidth from 'string-width';

/** Latin letters, punctuation, arrows, signs of mathematics and lines of tables: each takes one cell. */
const NARROW = /^[\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u257f]*$/;

/** Cells that a line takes. Most texts are narrow, and tables are measured often: these are not looked at one by one. */
export function widthOf(text: string): number {
  return NARROW.test(text) ? text.length : stringWidth(text);
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blank = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + blank : blank + text;
}

/**
 * Breaks at spaces into lines of at most `width` cells; a word that is longer is cut. Line feeds are kept. Not `wrap-ansi`:
 * that cuts names in the middle, where this cuts behind an underscore, and drops spaces that the text has.
 */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(1, width)));
}

function wrapLine(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const [first = '', ...rest] = cut(word, width);
    if (line === '') line = first;
    else if (widthOf(line) + 1 + widthOf(first) <= width) line += ` ${first}`;
    else {
      lines.push(line);
      line = first;
    }
    for (const piece of rest) {
      lines.push(line);
      line = piece;
    }
  }
  return [...lines, line];
}

/** Cuts a word that is too long, behind an underscore where there is one. */
function cut(word: string, width: number): string[] {
  if (widthOf(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const char of word) {
    if (piece !== '' && widthOf(piece) + widthOf(char) > width) {
      const at = piece.lastIndexOf('_') + 1 || piece.length;
      pieces.push(piece.slice(0, at));
      piece = piece.slice(at);
    }
    piece += char;
  }
  return [...pieces, piece];
}
