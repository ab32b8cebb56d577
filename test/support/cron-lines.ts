/** Cron lines: drawn at random from what is taken, and read as the NATS server reads them, by a port of its parser. */
import type { Chance } from '../chaos/random.ts';

interface Bounds {
  min: number;
  max: number;
  names?: string[];
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');
const BOUNDS: Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
];

interface Values {
  values: Set<number>;
  star: boolean;
}

/** The server's `getField` and `getRange` (server/cron.go, the same text in 2.14.0 and 2.15): what it refuses throws. */
function serverField(field: string, { min, max, names = [] }: Bounds): Values {
  const read: Values = { values: new Set(), star: false };
  const numberOf = (text: string): number => {
    const named = names.indexOf(text.toLowerCase());
    if (named >= 0) return named + min;
    if (!/^[+-]?\d+$/.test(text) || Number(text) < 0) throw new Error(`no number: ${text}`);
    return Number(text);
  };
  for (const item of field.split(',').filter((text) => text !== '')) {
    const [range = '', stepText, ...moreSteps] = item.split('/');
    const [low = '', high, ...moreHyphens] = range.split('-');
    const anything = low === '*' || low === '?';
    if (moreSteps.length > 0 || (!anything && moreHyphens.length > 0)) throw new Error(`too many parts: ${item}`);
    const start = anything ? min : numberOf(low);
    const open = anything || (high === undefined && stepText !== undefined);
    const end = open ? max : high === undefined ? start : numberOf(high);
    const step = stepText === undefined ? 1 : numberOf(stepText);
    if (start < min || end > max || start > end || step === 0) throw new Error(`out of range: ${item}`);
    if (anything && step === 1) read.star = true;
    for (let value = start; value <= end; value += step) read.values.add(value);
  }
  return read;
}

/** The server's `parseCron` and `dayMatches`, in UTC: its next tick after `from`; null when none comes within five years. */
export function serverNext(line: string, from: Date): Date | null {
  const texts = line.split(/\s+/).filter((text) => text !== '');
  if (texts.length !== BOUNDS.length) throw new Error(`${texts.length} fields`);
  const [second, minute, hour, day, month, weekday] = texts.map((text, at) => serverField(text, BOUNDS[at] as Bounds));
  if (!second || !minute || !hour || !day || !month || !weekday) throw new Error('a field is missing');
  const sorted = ({ values }: Values) => [...values].sort((a, b) => a - b);
  const first = Math.floor(from.getTime() / 1000) * 1000 + 1000;
  const date = new Date(first);
  date.setUTCHours(0, 0, 0, 0);
  for (const last = date.getUTCFullYear() + 5; date.getUTCFullYear() <= last; date.setUTCDate(date.getUTCDate() + 1)) {
    if (!month.values.has(date.getUTCMonth() + 1)) continue;
    const days = [day.values.has(date.getUTCDate()), weekday.values.has(date.getUTCDay())];
    if (!(day.star || weekday.star ? days[0] && days[1] : days[0] || days[1])) continue;
    for (const h of sorted(hour)) {
      if (date.getTime() + (h + 1) * 3_600_000 <= first) continue;
      for (const m of sorted(minute)) {
        for (const s of sorted(second)) {
          const at = date.getTime() + h * 3_600_000 + m * 60_000 + s * 1000;
          if (at >= first) return new Date(at);
        }
      }
    }
  }
  return null;
}

/** A random line of the grammar that packs may use; with `due`, one that comes due then, and maybe earlier. */
export function drawLine(chance: Chance, due?: Date): string {
  const fields = BOUNDS.map((bounds) => (chance.next() < 0.3 ? '*' : drawList(chance, bounds)));
  if (due === undefined) return fields.join(' ');
  const values = [
    due.getUTCSeconds(),
    due.getUTCMinutes(),
    due.getUTCHours(),
    due.getUTCDate(),
    due.getUTCMonth() + 1,
    due.getUTCDay(),
  ];
  // Where both days are restricted, either is enough.
  const spared = fields[3] !== '*' && fields[5] !== '*' ? oneOf(chance, [3, 5, -1]) : -1;
  return fields
    .map((field, at) =>
      field === '*' || at === spared ? field : `${field},${spelt(values[at] ?? 0, chance, BOUNDS[at])}`,
    )
    .join(' ');
}

function drawList(chance: Chance, bounds: Bounds): string {
  return Array.from({ length: 1 + Math.floor(chance.next() * 3) }, () => drawItem(chance, bounds)).join(',');
}

function drawItem(chance: Chance, bounds: Bounds): string {
  const size = bounds.max - bounds.min + 1;
  const draw = (from: number) => from + Math.floor(chance.next() * (bounds.max - from + 1));
  const step = (least: number) => least + Math.floor(chance.next() * (size - least + 1));
  const low = draw(bounds.min);
  const value = spelt(low, chance, bounds);
  const range = `${value}-${spelt(draw(low), chance, bounds)}`;
  return oneOf(chance, [value, value, range, `${range}/${step(1)}`, `*/${step(2)}`]);
}

function oneOf<T>(chance: Chance, list: readonly T[]): T {
  return chance.pick(list) as T;
}

/** A number as a number, with a zero before it, or as a name. */
function spelt(value: number, chance: Chance, bounds?: Bounds): string {
  const name = bounds?.names?.[value - bounds.min];
  const padded = String(value).padStart(2, '0');
  return oneOf(chance, [String(value), padded, name ?? padded, name?.toUpperCase() ?? String(value)]);
}
