import { htmlCommentIn } from './markup.ts';
import { countWords } from './wording.ts';

/** A text in Markdown: a title, then sections in this order and no others. Limits are words. */
export interface Form {
  /** Beside the name. */
  title: number;
  sections: readonly { title: string; words: number }[];
}

/**
 * What is wrong with the form of a text; null when nothing is. `name`: what it is about, which counts as no word of the title;
 * null when it is not known.
 */
export function formProblem(markdown: string, { title: most, sections }: Form, name: string | null): string | null {
  const lines = markdown.trim().split(/\r\n|[\n\r\u0085\u2028\u2029]/);
  const title = lines[0] ?? '';
  if (!/^# \S/.test(title)) return 'it has to begin with a title line, «# …», and nothing around it';
  const beside = countWords(title.slice(1).replace(name ?? '', ' '));
  if (beside > most) return `the title has ${beside} words beside the name, and may have ${most}`;
  if (htmlCommentIn(markdown)) return 'a comment in HTML is text that nobody sees';
  const expected = sections.map(({ title }) => `«## ${title}»`).join(', ');
  const headings = lines
    .slice(1)
    .filter(isHeading)
    .map((line) => line.trimEnd());
  const wanted = sections.map(({ title }) => `## ${title}`);
  if (headings.length !== wanted.length || headings.some((heading, at) => heading !== wanted[at])) {
    const got = headings.length === 0 ? 'none' : headings.join(', ');
    return `the headings have to be ${expected}, in this order and no others; they are: ${got}`;
  }
  const starts = [...lines.keys()].slice(1).filter((at) => isHeading(lines[at] ?? ''));
  if (lines.slice(1, starts[0]).join('').trim() !== '') {
    return `between the title and ${expected.split(', ')[0] ?? ''} nothing may stand`;
  }
  for (const [at, { title, words: limit }] of sections.entries()) {
    const body = lines.slice((starts[at] ?? 0) + 1, starts[at + 1]).join('\n');
    const count = countWords(body);
    if (!/[\p{L}\p{N}]/u.test(body)) return `«${title}» is empty`;
    if (count > limit) return `«${title}» has ${count} words, and may have ${limit}`;
  }
  return null;
}

/** In any of Markdown's ways: `#`, a line of `=` or `-` below a text, or HTML. */
function isHeading(line: string): boolean {
  return /^\s{0,3}#{1,6}(?:\s|$)/.test(line) || /^\s{0,3}(?:=+|-{2,})\s*$/.test(line) || /<h[1-6][\s>]/i.test(line);
}
