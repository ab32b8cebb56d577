/** How a folder writes its dates: `DD.MM.YYYY`, `MM/DD/YYYY`, `YYYY-MM-DD HH:mm:ss`, `unix`. Only the day is kept. */
export interface DateFormat {
  /** SQL of the day as ISO text, null for a value that is not of this format; `$` stands for the value. */
  iso: string;
  /** What the SQL names as `$pattern` and `$format`. */
  parameters: Record<string, string>;
  /** 16 November 2026, half past nine. */
  example: string;
}

export const DATE_FORMATS = 'a date format such as DD.MM.YYYY, MM/DD/YYYY, YYYY-MM-DD HH:mm:ss or unix';

interface Token {
  pattern: string;
  format: string;
  example: string;
}

/** Longer tokens first: `DD` is not `D` twice. */
const TOKENS: Record<string, Token> = {
  YYYY: { pattern: '\\d{4}', format: '%Y', example: '2026' },
  SSS: { pattern: '\\d{3}', format: '%g', example: '000' },
  MM: { pattern: '\\d{2}', format: '%m', example: '11' },
  DD: { pattern: '\\d{2}', format: '%d', example: '16' },
  HH: { pattern: '\\d{2}', format: '%H', example: '09' },
  mm: { pattern: '\\d{2}', format: '%M', example: '30' },
  ss: { pattern: '\\d{2}', format: '%S', example: '00' },
  M: { pattern: '\\d{1,2}', format: '%m', example: '11' },
  D: { pattern: '\\d{1,2}', format: '%d', example: '16' },
  H: { pattern: '\\d{1,2}', format: '%H', example: '9' },
};
const PIECES = new RegExp(`${Object.keys(TOKENS).join('|')}|[\\s\\S]`, 'gu');
/** A T between day and time, and the Z of UTC, are the only letters that stand for themselves. */
const LITERAL = /^[^A-Za-z0-9%]$|^[TZ]$/u;

/** Seconds and milliseconds since 1970; the day is the one in UTC. */
const UNIX: Record<string, { factor: number; example: string }> = {
  unix: { factor: 1_000_000, example: '1794821400' },
  unix_ms: { factor: 1_000, example: '1794821400000' },
};

/** Null when the text is no format. */
export function parseDateFormat(text: string): DateFormat | null {
  const unix = UNIX[text];
  if (unix) {
    const instant = `make_timestamp(CASE WHEN regexp_full_match($, $pattern) THEN try_cast($ AS BIGINT) * ${unix.factor} END)`;
    return { iso: isoDay(instant), parameters: { pattern: '\\d{1,13}' }, example: unix.example };
  }
  const pieces = text.match(PIECES) ?? [];
  const used = pieces.filter((piece) => piece in TOKENS);
  const kinds = new Set(used.map((piece) => piece.replace(/^([MDH])\1$/, '$1')));
  if (kinds.size !== used.length || !['YYYY', 'M', 'D'].every((kind) => kinds.has(kind))) return null;
  if (!pieces.every((piece) => piece in TOKENS || LITERAL.test(piece))) return null;
  const write = (part: keyof Token, literal: (piece: string) => string) =>
    pieces.map((piece) => TOKENS[piece]?.[part] ?? literal(piece)).join('');
  return {
    iso: isoDay('CASE WHEN regexp_full_match($, $pattern) THEN try_strptime($, $format) END'),
    parameters: {
      pattern: write('pattern', (piece) => piece.replace(/[!-/:-@[-`{-~]/, '\\$&')),
      format: write('format', (piece) => piece),
    },
    example: write('example', (piece) => piece),
  };
}

function isoDay(instant: string): string {
  return `CAST(CAST(${instant} AS DATE) AS VARCHAR)`;
}
