import type { Playbook } from '../playbook.ts';
import { words } from '../wording.ts';

/** The briefing's sections, in order, with the key of each one's word limit in the playbook. */
export const SECTIONS = [
  { title: 'Situation', limit: 'situation' },
  { title: 'Risks', limit: 'risks' },
  { title: 'Actions', limit: 'actions' },
  { title: 'Talking points', limit: 'talking_points' },
] as const satisfies { title: string; limit: keyof Playbook['briefing'] }[];

/**
 * The number of words: what stands between spaces, list markers included. Letters that a slash, a dash, a bracket, a full
 * stop or a line break in HTML joins count apart, so that no section is made short by gluing its words together. A hyphen
 * joins one word.
 */
export function countWords(text: string): number {
  return words(
    text
      .normalize('NFKC')
      .replace(/[\p{Cf}]/gu, '')
      .replace(/<br\s*\/?>/gi, ' ')
      .replace(GLUE, ' '),
  ).length;
}

const GLUE = /(?<=\p{L})(?:[/_|·•…—–+=~\\()[\]{}<>\u2190-\u21ff]+|[.,;:!?]+)(?=\p{L})/gu;

/** What is wrong with a briefing's form; null when nothing is. */
export function formProblem(markdown: string, limits: Playbook['briefing'], name: string | null): string | null {
  const lines = markdown.trim().split(/\r\n|[\n\r\u0085\u2028\u2029]/);
  const title = lines[0] ?? '';
  if (!/^# \S/.test(title)) return 'it has to begin with a title line, «# …», and nothing around it';
  const beside = countWords(title.slice(1).replace(name ?? '', ' '));
  if (beside > limits.title) return `the title has ${beside} words beside the name, and may have ${limits.title}`;
  if (markdown.includes('<!--')) return 'a comment in HTML is text that nobody sees';
  const expected = SECTIONS.map(({ title }) => `«## ${title}»`).join(', ');
  const headings = lines
    .slice(1)
    .filter(isHeading)
    .map((line) => line.trimEnd());
  const wanted = SECTIONS.map(({ title }) => `## ${title}`);
  if (headings.length !== wanted.length || headings.some((heading, at) => heading !== wanted[at])) {
    const got = headings.length === 0 ? 'none' : headings.join(', ');
    return `the headings have to be ${expected}, in this order and no others; they are: ${got}`;
  }
  const starts = [...lines.keys()].slice(1).filter((at) => isHeading(lines[at] ?? ''));
  if (lines.slice(1, starts[0]).join('').trim() !== '') return 'between the title and «## Situation» nothing may stand';
  for (const [at, { title, limit }] of SECTIONS.entries()) {
    const body = lines.slice((starts[at] ?? 0) + 1, starts[at + 1]).join('\n');
    const count = countWords(body);
    if (!/[\p{L}\p{N}]/u.test(body)) return `«${title}» is empty`;
    if (count > limits[limit]) return `«${title}» has ${count} words, and may have ${limits[limit]}`;
  }
  return null;
}

/** In any of Markdown's ways: `#`, a line of `=` or `-` below a text, or HTML. */
function isHeading(line: string): boolean {
  return /^\s{0,3}#{1,6}(?:\s|$)/.test(line) || /^\s{0,3}(?:=+|-{2,})\s*$/.test(line) || /<h[1-6][\s>]/i.test(line);
}
