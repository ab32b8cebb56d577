/** The text with a full stop, unless it ends like a sentence already. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 ticket`, `2 tickets`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** What stands between spaces; line breaks count as spaces. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** The text on one line, so that a name from the data cannot start a heading or a list. */
export function oneLine(text: string): string {
  return words(text).join(' ');
}

/** The sentences that fit into so many words, in order; one that does not is passed over. Never empty: at worst the first, cut. */
export function fit(sentences: readonly string[], limit: number): string[] {
  const taken: string[] = [];
  let left = limit;
  for (const text of sentences.map(oneLine)) {
    const size = countWords(text);
    if (size > left) continue;
    taken.push(text);
    left -= size;
  }
  if (taken.length > 0) return taken;
  const [first = ''] = sentences;
  const cut = words(first).slice(0, limit);
  while (countWords(cut.join(' ')) > limit && cut.length > 1) cut.pop();
  return [`${cut.join(' ')}…`];
}

/** A list in Markdown of the sentences that fit. */
export function bullets(sentences: readonly string[], limit: number): string {
  return fit(
    sentences.map((text) => `- ${text}`),
    limit,
  ).join('\n');
}

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
