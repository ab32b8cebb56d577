/** A batch for people: header, table, and what needs a person. Pure. */
import type { ScheduleDefinition } from '../../../runtime/definitions/schema.ts';
import type { Json } from '../../../runtime/json.ts';
import type { RunSummary } from '../../../runtime/pack.ts';
import type { HumanTaskView } from '../../contract/human-schemas.ts';
import type { BatchResult, Totals } from '../../views/batch-results.ts';
import { answeredBy, failedBelow, isFailure } from '../../views/batch-results.ts';
import type { WrittenDocuments } from './documents.ts';
import { spentText } from '../../journals/spent.ts';
import { type Cell, cell, type Column, NOTHING, renderTable } from '../../terminal/table.ts';
import { wrap } from '../../terminal/lines.ts';
import { harmless, type Paint } from '../../terminal/terminal.ts';

export interface PrintedBatch {
  schedule: string;
  batch: string;
  asOf: string;
  /** The latest date in the data. */
  dataEnds: string;
  /** ISO date. */
  today: string;
  /** Which models answered; null when none did. */
  model: string | null;
  wallMs: number;
  columns: ScheduleDefinition['columns'];
  results: readonly BatchResult[];
  totals: Totals;
  documents: WrittenDocuments;
  /** The command that shows the journal of a run. */
  showRun(run: string): string;
  /** The command that has a failed run go on. */
  retryRun(run: string): string;
  /** The command that answers a question to a person. */
  decide(task: HumanTaskView, result: BatchResult): string;
}

const STALE_DAYS = 7;
const DAY_MS = 86_400_000;

export function batchText(view: PrintedBatch, width: number, paint: Paint): string {
  const { results } = view;
  const parts = [headerText(view, paint), staleText(view, paint)];
  if (results.length > 0) parts.push('', tableText(view, width, paint));
  const people = needsPeople(view, width, paint);
  if (people.length > 0) parts.push('', ...people);
  parts.push('', closing(view));
  return parts.filter((part) => part !== null).join('\n');
}

/** Which batch this is, as of when, and who answered. */
export function headerText(
  { schedule, batch, asOf, model, results, totals, wallMs }: PrintedBatch,
  paint: Paint,
): string {
  const outcomes = Object.entries(totals.outcomes).map(([outcome, n]) => `${n} ${outcome}`);
  const runs = results.length === 1 ? '1 run' : `${results.length} runs`;
  const spent = spentText(totals);
  return [
    `${paint.strong(schedule)} as of ${paint.strong(asOf)}, ${answeredBy(model, paint)}`,
    `batch ${batch}: ${[runs, ...outcomes].join(', ')}; ${totals.usage.turns} model turns in ${seconds(wallMs)}`,
    ...(spent === '' ? [] : [spent]),
  ].join('\n');
}

/** Null while the data is fresh and covers the day that is looked from. */
export function staleText(
  { asOf, dataEnds, today }: Pick<PrintedBatch, 'asOf' | 'dataEnds' | 'today'>,
  paint: Paint,
): string | null {
  const days = Math.round((Date.parse(today) - Date.parse(dataEnds)) / DAY_MS);
  if (asOf > dataEnds)
    return paint.attention(`warning: the data ends on ${dataEnds}, before ${asOf}: figures are missing`);
  return days > STALE_DAYS ? paint.attention(`warning: the data is ${days} days old, it ends on ${dataEnds}`) : null;
}

function tableText({ columns, results }: PrintedBatch, width: number, paint: Paint): string {
  const numeric = (field: string): boolean => results.some(({ fields }) => typeof fields[field] === 'number');
  const heads = columns.map(({ field, title }): Column => (numeric(field) ? { title, align: 'right' } : { title }));
  return renderTable(
    heads,
    results.map((result) => cellsOf(result, columns)),
    { width, paint },
  );
}

/** A run without a result says why in the first column that it leaves empty. */
function cellsOf({ fields, summary }: BatchResult, columns: ScheduleDefinition['columns']): Cell[] {
  const why = summary.waiting ? `waits: ${summary.waiting.rule}` : isFailure(summary) ? summary.outcome : null;
  const empty = columns.findIndex(({ field }, i) => i > 0 && (fields[field] ?? null) === null);
  return columns.map(({ field }, i) => {
    if (why !== null && i === empty) return cell(why, summary.waiting ? 'attention' : 'bad');
    return cell(shown(fields[field] ?? null));
  });
}

function shown(value: Json): string | string[] {
  if (value === null || value === '') return NOTHING;
  if (Array.isArray(value)) return value.length === 0 ? NOTHING : value.map(inline);
  return inline(value);
}

/** Of an object, its `text` is meant for people. */
function inline(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value['text'] === 'string') {
    return value['text'];
  }
  return JSON.stringify(value);
}

/** Something that befell a run, and what to type about it. */
interface Told {
  /** Behind the name of the run; null when there is only something to type. */
  text: string | null;
  /** The same of several runs. */
  many: string;
  asks: string[];
}

/** What is the same of several runs is said once, with what to type for each of them below it. */
function needsPeople(view: PrintedBatch, width: number, paint: Paint): string[] {
  const groups = new Map<string, { names: string[]; told: Told }>();
  for (const result of view.results) {
    for (const told of toldOf(result, view, paint)) {
      const key = told.text ?? result.target;
      const { names, told: first } = groups.get(key) ?? { names: [], told: { ...told, asks: [] } };
      groups.set(key, { names: [...names, result.target], told: { ...first, asks: [...first.asks, ...told.asks] } });
    }
  }
  return [...groups.values()].flatMap(({ names, told: { text, many, asks } }) => {
    const [name = '', ...more] = names.map(harmless);
    const commands = asks.map((ask) => `  ${ask}`);
    if (text === null) return commands;
    if (more.length === 0) return [...hanging(`${paint.strong(name)}${text}`, width), ...commands];
    const head = hanging(`${paint.strong(`${names.length} runs`)}${many}`, width);
    const who = wrap([name, ...more].join(', '), width - 2).map((line) => `  ${line}`);
    return [...head, ...who, ...commands];
  });
}

function toldOf(result: BatchResult, view: PrintedBatch, paint: Paint): Told[] {
  const asks = result.tasks.map((task) => view.decide(task, result));
  const [first = { text: null, many: '', asks: [] }, ...more] = whatHappened(result, paint);
  const told = [{ ...first, asks }, ...more];
  return result.error === null ? told : [...told, alike(`: ${harmless(result.error)}`)];
}

function whatHappened({ summary }: BatchResult, paint: Paint): Told[] {
  const { waiting, error } = summary;
  if (waiting) {
    const why = `for a person, ${waiting.rule}: ${harmless(waiting.reason)}`;
    return [{ text: ` waits ${why}`, many: ` wait ${why}`, asks: [] }];
  }
  if (error && isFailure(summary)) {
    return [alike(` ${paint.bad(summary.outcome)}, ${error.code}: ${harmless(error.message)}`)];
  }
  return failedBelow(summary.report).map(({ agent, outcome, error: why }) =>
    alike(`: its ${agent} ${paint.bad(outcome)}, ${why ? `${why.code}: ${harmless(why.message)}` : 'no reason given'}`),
  );
}

function alike(text: string): Told {
  return { text, many: text, asks: [] };
}

/** How a run goes on that ended because its model did not answer; null for any other. */
export function retryText(
  { run, outcome, error }: Pick<RunSummary, 'run' | 'outcome' | 'error'>,
  { retryRun }: Pick<PrintedBatch, 'retryRun'>,
): string | null {
  if (outcome !== 'failed' || error?.code !== 'model.unavailable') return null;
  return `once the model answers, it goes on with: ${retryRun(run)}, as soon as an \`up\` or \`worker\` of that model serves`;
}

function hanging(text: string, width: number): string[] {
  return wrap(text, width - 2).map((line, i) => (i === 0 ? line : `  ${line}`));
}

/** Once for all runs that ended so, with what to type for the first. */
function retriesText(view: PrintedBatch): string[] {
  const [first, ...more] = view.results.flatMap(({ summary }) => retryText(summary, view) ?? []);
  if (first === undefined) return [];
  return [more.length === 0 ? first : `${more.length + 1} runs failed for want of an answer; of the first: ${first}`];
}

function closing(view: PrintedBatch): string {
  const { documents, results, showRun } = view;
  const lines = Object.entries(documents.written).map(
    ([field, n]) => `${n} ${field}${n === 1 ? '' : 's'} in ${documents.folder}/`,
  );
  lines.push(...retriesText(view));
  const [first] = results;
  if (first) lines.push(`how a run went: ${showRun(first.summary.run)}`);
  else lines.push('no targets: nothing was run');
  return lines.join('\n');
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
