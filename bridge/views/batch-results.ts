/** What a batch came to, from the journals alone: one row per target as the pack tells it, and the totals. */
import pMap, { pMapSkip } from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { rootOf } from '../../runtime/address.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import type { JsonObject } from '../../runtime/json.ts';
import type { Row, RunSummary } from '../../runtime/pack.ts';
import { type AgentReport, flattenReports } from '../../runtime/report.ts';
import { declaredRow } from '../../runtime/schedules/declared-row.ts';
import type { Platform } from '../platform/platform.ts';
import { flattenTree, readRun, type RunTree, summarise } from '../journals/runs.ts';
import { openTasks } from './task-view.ts';
import type { HumanTaskView } from '../contract/human-schemas.ts';
import { addSpent, nothingSpent, type Spent, spentBy } from '../journals/spent.ts';
import type { Paint } from '../terminal/terminal.ts';

export interface BatchResult {
  target: string;
  summary: Omit<RunSummary, 'facts'>;
  spent: Spent;
  /** Which models answered. */
  models: string[];
  /** Open questions to people. */
  tasks: HumanTaskView[];
  /** The model that the run began with; undefined where its journal names none. */
  began: string | undefined;
  /** The declared columns' values and further fields, in the pack's order. */
  fields: JsonObject;
  document: { field: string; text: string } | null;
  tally: Record<string, string>;
  /** Why there is no row, when the pack's code threw instead of telling one; the run itself is as it is. */
  error: string | null;
}

export interface Totals extends Spent {
  outcomes: Record<string, number>;
  /** One count per name and value that the rows tally. */
  tallies: Record<string, Record<string, number>>;
}

/** The results, most urgent first. `cutShort`: the batch ended before its runs did, and of some there may be none. */
export async function readResults(
  platform: Platform,
  options: {
    pack: LoadedPack;
    schedule: string;
    tenant: string;
    runs: readonly { target: string; run: string }[];
    cutShort?: boolean;
  },
): Promise<BatchResult[]> {
  const { pack, schedule, tenant, runs, cutShort = false } = options;
  const read = async ({ target, run }: { target: string; run: string }) => {
    const tree = await readRun(platform.runtime.journal, rootOf({ tenant, run }));
    if (tree === null && cutShort) return pMapSkip;
    if (tree === null) throw new Error(`there is no journal of the run ${run}`);
    const { facts, ...summary } = summarise(target, tree);
    const release = await packOf(platform, pack, tree);
    const { fields, rank, document, tally, error } = rowOf(release, schedule, { ...summary, facts });
    if (error !== null) platform.runtime.log.error({ run, target, error }, 'no row of a result');
    // Of a hundred thousand runs, what is told of each is kept, and no journal.
    const kept = { spent: spentBy(tree), models: modelsOf(tree), tasks: openTasks(tree) };
    const began = tree.context.invocation?.model;
    const result: BatchResult = { target, summary, ...kept, began, fields, document: document ?? null, tally, error };
    return { rank, result };
  };
  const ranked = await pMap(runs, read, AT_ONCE);
  return ranked.sort((a, b) => a.rank - b.rank).map(({ result }) => result);
}

/** The pack with its code made for the parameters that the run began with; an older one is told by those of now. */
async function packOf(
  { runtime }: Platform,
  pack: LoadedPack,
  { context: { definition } }: RunTree,
): Promise<LoadedPack | { wrong: string }> {
  const { parameters } = definition === '' ? {} : await runtime.catalog.resolved(definition);
  return parameters ? pack.withParameters(parameters) : pack;
}

/** A pack's row, or an empty one that says why: what a batch came to is never lost by how it is told. */
function rowOf(
  pack: LoadedPack | { wrong: string },
  schedule: string,
  summary: RunSummary,
): Row & { error: string | null } {
  if ('wrong' in pack)
    return { fields: {}, rank: 0, tally: {}, error: `it cannot be told by this release: ${pack.wrong}` };
  try {
    const declared = declaredRow(pack.manifest.schedules[schedule]?.columns ?? [], summary);
    const row = pack.code.row === undefined ? declared : pack.code.row(schedule, summary);
    if (!isRow(row)) throw new TypeError('expected {fields, rank, tally}');
    return { ...row, fields: { ...declared.fields, ...row.fields }, error: null };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const said = `row() of the pack ${pack.manifest.metadata.name} failed: ${why}`;
    return { fields: {}, rank: 0, tally: {}, error: said };
  }
}

function isRow(row: Partial<Row> | null | undefined): row is Row {
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
  return isObject(row) && isObject(row?.fields) && isObject(row?.tally) && typeof row?.rank === 'number';
}

export function totalsOf(results: readonly BatchResult[]): Totals {
  const totals: Totals = { outcomes: {}, ...nothingSpent(), tallies: {} };
  for (const { summary, spent, tally } of results) {
    count(totals.outcomes, summary.outcome);
    Object.assign(totals, addSpent(totals, spent));
    for (const [name, value] of Object.entries(tally)) count((totals.tallies[name] ??= {}), value);
  }
  return totals;
}

/** Those models in words; null when none answered. */
export function modelsText(models: readonly string[]): string | null {
  return models.length === 0 ? null : [...new Set(models)].sort().join(', ');
}

/** Which models answered in a run. */
export function modelsOf(tree: RunTree): string[] {
  return [...new Set(flattenTree(tree).flatMap(({ context }) => context.model ?? []))];
}

export function answeredBy(model: string | null, paint: Paint): string {
  return model === null ? paint.attention('no model answered') : `answered by ${paint.strong(model)}`;
}

export function isFailure({ outcome }: Pick<RunSummary, 'outcome'>): boolean {
  return outcome === 'failed' || outcome === 'refused' || outcome === 'cancelled';
}

/** Delegations of an ended run that failed, although the run itself went on. */
export function failedBelow(report: AgentReport | null): AgentReport[] {
  return report === null ? [] : flattenReports(report).filter((each) => each !== report && each.outcome === 'failed');
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
