/**
 * Patterns made of names. To compile one with classes of Unicode takes longer than to search a text with it, and the same
 * names are looked for in text after text: the patterns that were used last are kept.
 */
const MOST = 256;
const kept = new Map<string, RegExp>();

export function pattern(source: string, flags = 'u'): RegExp {
  const key = `${flags} ${source}`;
  const made = kept.get(key) ?? new RegExp(source, flags);
  kept.delete(key);
  kept.set(key, made);
  const [oldest] = kept.keys();
  if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
  // One that searches from where it stopped is told to begin anew.
  made.lastIndex = 0;
  return made;
}
