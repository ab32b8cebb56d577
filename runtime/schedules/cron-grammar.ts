/**
 * Which cron lines are taken: those that the NATS server (its own parser) and croner, by which we count, read alike. The
 * server knows no `7`, `L`, `W` or `#`, croner no `5/10`, no `1,,2` and no step beyond the field. Where a day field is `*` in a
 * list or with a step of 1, and the other one is restricted, the server needs both days to match and croner either. Pure.
 */
interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** The first one means `min`. */
  readonly names?: readonly string[];
  /** Day of month and day of week: either of the two is enough, unless one is `*`. */
  readonly isDay?: true;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const FIELDS: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31, isDay: true },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 6, names: WEEKDAYS, isDay: true },
];

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

/** What of a line is not taken, with the field that it stands in; null when all is. */
export function grammarProblem(line: string): string | null {
  const texts = line.split(/ +/);
  if (texts.length !== FIELDS.length || /[^\S ]/.test(line) || texts.includes('')) {
    const count = line.split(/\s+/).filter((text) => text !== '').length;
    if (count !== FIELDS.length) return `has ${count} fields`;
    return 'has white space other than spaces between the fields';
  }
  for (const [at, field] of FIELDS.entries()) {
    const text = texts[at] ?? '';
    const problem = text === '*' ? null : firstProblem(text, field);
    if (problem !== null) return `${field.name} ${JSON.stringify(text)}: ${problem}`;
  }
  return null;
}

function firstProblem(text: string, field: Field): string | null {
  for (const item of text.split(',')) {
    const problem = itemProblem(item, field);
    if (problem !== null) return problem;
  }
  return null;
}

// An item of a list: `5`, `MON`, `5-10`, `5-10/2`, `*/2`.
function itemProblem(item: string, field: Field): string | null {
  const parts = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,2}))?$/.exec(item);
  if (parts === null) return `${quoted(item)} is not taken`;
  const [, star, first, last, step] = parts;
  if (star !== undefined && field.isDay && Number(step ?? 1) === 1)
    return `${quoted(item)} is not taken, only * alone is`;
  for (const value of [first, last]) {
    const number = value === undefined ? null : numberOf(value, field);
    if (number === undefined) return `${quoted(value ?? '')} is not taken`;
    if (number !== null && (number < field.min || number > field.max)) {
      return `${number} is not from ${field.min} to ${field.max}`;
    }
  }
  if (first !== undefined && last === undefined && step !== undefined)
    return `${quoted(item)} is no range to step through`;
  if (first !== undefined && last !== undefined && Number(numberOf(first, field)) > Number(numberOf(last, field))) {
    return `the range ${item} ends before it begins`;
  }
  const most = field.max - field.min + 1;
  if (step !== undefined && (Number(step) < 1 || Number(step) > most))
    return `the step ${step} is not from 1 to ${most}`;
  return null;
}

/** Undefined for what is neither a number of at most two digits nor a name. */
function numberOf(text: string, { min, names = [] }: Field): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const at = names.indexOf(text.toUpperCase());
  return at < 0 ? undefined : at + min;
}

/** The line that comes nearest and has no problem of grammar; null when nothing of the line can be read. */
export function nearestLine(line: string): string | null {
  const nickname = NICKNAMES[line.trim().toLowerCase()];
  if (nickname !== undefined) return nickname;
  const texts = line.split(/\s+/).filter((text) => text !== '');
  // Cron elsewhere begins with the minute; a seventh field is the year.
  if (texts.length === FIELDS.length - 1) texts.unshift('0');
  if (texts.length < FIELDS.length || texts.length > FIELDS.length + 1) return null;
  return FIELDS.map((field, at) => nearestField(texts[at] ?? '*', field)).join(' ');
}

function nearestField(text: string, field: Field): string {
  if (text === '*' || firstProblem(text, field) === null) return text;
  const items = text.split(',').flatMap((item) => nearestItem(item, field) ?? []);
  if (items.includes('*')) return '*';
  if (items.length > 0) return items.join(',');
  return field.isDay || field.names ? '*' : String(field.min);
}

/** Null for what cannot be read. */
function nearestItem(item: string, field: Field): string | null {
  if (itemProblem(item, field) === null) return item;
  const parts = /^\+?(?:([*?])|(\w+?)(?:-(\w+))?)(?:\/(\d+))?(?:#\w+|[LW]+)?$/i.exec(item);
  if (parts === null) return /^LW?$/i.test(item) ? lastOf(field) : null;
  const [, star, first = '', last, step] = parts;
  if (/^LW?$/i.test(first)) return lastOf(field);
  const by = Math.max(1, Number(step ?? 1));
  const size = field.max - field.min + 1;
  if (star !== undefined) return by > size ? String(field.min) : by === 1 ? '*' : `*/${by}`;
  const from = within(first, field);
  const to = last === undefined ? (step === undefined ? from : field.max) : within(last, field);
  if (from === null || to === null) return null;
  if (from === to || by > size) return String(from);
  if (from < to) return `${from}-${to}${by > 1 ? `/${by}` : ''}`;
  // Over the end and on from the beginning, such as from Friday to Sunday.
  return [span(field.min, to, 1), span(from, field.max, by)].join(',');
}

function span(from: number, to: number, by: number): string {
  return from === to ? String(from) : `${from}-${to}${by > 1 ? `/${by}` : ''}`;
}

/** The nearest number that the field has. Elsewhere Sunday is 7 as well, and names are written out. */
function within(text: string, field: Field): number | null {
  const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.slice(0, 3), field);
  if (number === undefined) return null;
  if (field.names === WEEKDAYS && number === 7) return 0;
  return Math.min(Math.max(number, field.min), field.max);
}

/** The last one that every month, and every week, has. */
function lastOf({ max, name }: Field): string {
  return name === 'day of month' ? '28' : String(max);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
