/**
 * Where a character of a YAML text's value stands in the file: quotes, indentation, line folding and escapes lie between.
 * Characters other than white space are the same in both, and in the same order. Pure.
 */
export interface WrittenText {
  /** The text as it stands in the file, from its first character: the quote, or the `|` or `>` of a block. */
  raw: string;
  style: 'plain' | 'single' | 'double' | 'block';
  value: string;
}

/** The offset inside `raw` of the value's character at `offset`; at its end, the place after its last one. */
export function offsetInRaw({ raw, style, value }: WrittenText, offset: number): number {
  let before = value.slice(0, offset).replace(/\s/g, '').length;
  let end = 0;
  for (let at = bodyOf(raw, style); at < raw.length; at++) {
    const escaped = isEscape(raw, at, style);
    if (escaped) at += 1;
    if (/\s/.test(raw[at] ?? '') || (escaped && style === 'double' && /[nt]/.test(raw[at] ?? ''))) continue;
    if (before === 0) return offset >= value.trimEnd().length ? end : at;
    before -= 1;
    end = at + 1;
  }
  return end;
}

function bodyOf(raw: string, style: WrittenText['style']): number {
  if (style === 'block') return raw.indexOf('\n') + 1;
  return style === 'plain' ? 0 : 1;
}

function isEscape(raw: string, at: number, style: WrittenText['style']): boolean {
  if (style === 'double') return raw[at] === '\\';
  return style === 'single' && raw[at] === "'" && raw[at + 1] === "'";
}
