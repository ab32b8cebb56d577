/**
 * The oracle: what the records say of runs that should all be over. It reads journals, memories, topic events and the
 * work queue, and no worker: what it finds wrong is wrong for everyone who comes later. Pure.
 */
import { targetRun } from '../../actors/batch/machine.ts';
import { outcomeAt } from '../../actors/batch/targets.ts';
import { type Address, addressKey } from '../../runtime/address.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { digestOf } from '../../runtime/digest.ts';
import { afterEnds, uncancelled } from './cancels.ts';
import { effects } from './effects.ts';
import { leftBehind } from './left-behind.ts';
import type { Records } from './records.ts';
import { type Fault, type Kind, tell, type Told, type ToldInvocation } from './told.ts';
import { at, delegated, type Journals, treeOf } from './tree.ts';

/** An accepted run: its root, and every invocation below it. */
export interface RunTold {
  root: ToldInvocation;
  invocations: ToldInvocation[];
}

/** How many events of each topic, and memories (`memory`), a run must have left, exactly or at most. The pack's part. */
export type Expected = (run: RunTold) => Record<string, number | { most: number }>;

export interface Violation {
  kind: Kind;
  /** Whose journal shows it; null for what belongs to no run. */
  run: string | null;
  message: string;
  /** The entries that show it, one line each. */
  journal: string[];
}

export interface Judgement {
  runs: number;
  batches: number;
  /** Runs that stand still until a person decides. */
  waiting: number;
  /** Runs whose root was cancelled. */
  cancelled: number;
  /** How often somebody took over what another worker had begun. */
  takeovers: number;
  violations: Violation[];
}

/** `asked`: roots whose cancel was posted. The shortest journals come first. */
export function judge(records: Records, expected: Expected, asked: Address[] = []): Judgement {
  const all = new Map(records.journals.map((journal) => [addressKey(journal.address), tell(journal)]));
  const violations: Violation[] = [];
  const blame = (told: Told, { kind, message, shown }: Fault) => {
    violations.push({ kind, run: told.address.run, message, journal: lines(told, shown) });
  };
  const runs: RunTold[] = [];
  let batches = 0;
  for (const told of all.values()) {
    for (const fault of told.faults) blame(told, fault);
    for (const fault of [...lineage(told, all), ...reports(told, all), ...unfinished(told, all)]) blame(told, fault);
    for (const fault of afterEnds(told, all)) blame(told, fault);
    if (told.kind === 'batch') batches += 1;
    else if (told.address.path === '0') runs.push({ root: told, invocations: treeOf(told, all) });
  }
  for (const { told, ...fault } of effects(records, runs, all, expected)) {
    // What a run left outside is shown by all of its journals.
    const run = told?.address.run ?? null;
    const tree = runs.find(({ root }) => root.address.run === run)?.invocations ?? (told ? [told] : []);
    violations.push({ ...fault, run, journal: together(tree) });
  }
  for (const { told, ...fault } of uncancelled(asked, all)) {
    violations.push({ ...fault, journal: told ? lines(told, told.entries.length) : [] });
  }
  for (const fault of leftBehind(records, all)) violations.push({ ...fault, run: null, journal: [] });
  const waiting = runs.filter(({ root }) => !root.ended && rests(root, all)).length;
  const cancelled = runs.filter(({ root }) => root.state === 'cancelled').length;
  const takeovers = [...all.values()]
    .flatMap(({ entries }) => entries.flatMap(({ events }) => events))
    .filter(({ type }) => type === 'resumed').length;
  return { runs: runs.length, batches, waiting, cancelled, takeovers, violations: violations.sort(byLength) };
}

/** The counts, in words. */
export function verdict({ violations }: Pick<Judgement, 'violations'>): string {
  const counts: Record<Kind, number> = { lost: 0, twice: 0, stuck: 0, wrong: 0 };
  for (const { kind } of violations) counts[kind] += 1;
  const { lost, twice, stuck, wrong } = counts;
  return `${lost} lost, ${twice} twice, ${stuck} stuck${wrong > 0 ? `, ${wrong} wrong` : ''}`;
}

/** What is wrong, each with the entries that show it. */
export function explain({ violations }: Pick<Judgement, 'violations'>, most = 5): string {
  return violations
    .slice(0, most)
    .map(({ kind, run, message, journal }) =>
      [`${kind}: ${run ?? 'no run'}: ${message}`, ...journal.map((line) => `    ${line}`)].join('\n'),
    )
    .join('\n');
}

function lines({ entries, address }: Told, shown: number): string[] {
  return entries.slice(0, shown).map((entry) => line(address.path, entry));
}

/** The entries of several journals in the order in which they were appended. */
function together(journals: Told[]): string[] {
  return journals
    .flatMap(({ entries, address: { path } }) => entries.map((entry) => ({ path, entry })))
    .sort((a, b) => a.entry.seq - b.entry.seq)
    .map(({ path, entry }) => line(path, entry));
}

function line(path: string, { seq, writer, state, events }: StoredEntry): string {
  return `${seq} ${writer} ${path} ${state}: ${events.map(({ type }) => type).join('+')}`;
}

function byLength(a: Violation, b: Violation): number {
  return a.journal.length - b.journal.length;
}

/** Who asked for it: a child by its parent's delegation, a root of a batch by the batch's list. */
function lineage(told: Told, all: Journals): Fault[] {
  const { tenant, run, path } = told.address;
  const fault = (message: string): Fault[] => [{ kind: 'wrong', message, shown: 1 }];
  if (told.kind === 'batch') return [];
  if (path === '0') {
    // Without an invocation it was cancelled before it was accepted.
    const parent = told.context.invocation?.parent;
    if (!parent) return [];
    const batch = at(all, tenant, parent.run, parent.path);
    if (batch?.kind !== 'batch') return fault(`its batch ${parent.run} has no journal`);
    const listed = batch.context.targets.some(({ id }) => targetRun(parent.run, id) === run);
    return listed ? [] : fault(`its batch ${parent.run} does not list it`);
  }
  const parentPath = path.slice(0, path.lastIndexOf('-'));
  const parent = at(all, tenant, run, parentPath);
  if (parent?.kind !== 'invocation') return fault(`a child whose parent ${parentPath} has no journal`);
  const delegation = delegated(parent).find((each) => each.path === path);
  if (!delegation?.started) return fault(`a child that its parent ${parentPath} never delegated to`);
  return delegation.agent === told.agent ? [] : fault(`${parentPath} delegated to ${delegation.agent}`);
}

/** Each ended child's report, once and as it was, in the journal of who waits for it. */
function reports(told: Told, all: Journals): Fault[] {
  const { tenant, run } = told.address;
  const faults: Fault[] = [];
  const shown = told.entries.length;
  if (told.kind === 'batch') {
    for (const [i, { id }] of told.context.targets.entries()) {
      const child = at(all, tenant, targetRun(run, id), '0');
      const held = outcomeAt(told.context.outcomes, i) ?? null;
      if (child?.ended && held === null && !told.ended) {
        faults.push({ kind: 'lost', message: `the report of ${id} never came`, shown });
      }
      if (held !== null && !child?.ends.some(({ state }) => state === held)) {
        faults.push({ kind: 'wrong', message: `${id} ended ${child?.state ?? 'never'}, not ${held}`, shown });
      }
    }
    return faults;
  }
  for (const { path, started } of delegated(told)) {
    const child = at(all, tenant, run, path);
    const held = told.context.children.find((report) => report.path === path);
    if (!started || child?.kind !== 'invocation') {
      if (held) faults.push({ kind: 'wrong', message: `it holds a report of ${path}, which has no journal`, shown });
      continue;
    }
    // Whoever failed or was cancelled waits for nothing any more.
    if (!held && child.ended && (!told.ended || told.state === 'completed')) {
      faults.push({ kind: 'lost', message: `the report of ${path} never came`, shown });
    }
    const digest = held && digestOf(held);
    if (held && !child.ends.some(({ report }) => report === digest)) {
      faults.push({ kind: 'wrong', message: `it holds another report of ${path} than that ended with`, shown });
    }
  }
  return faults;
}

/** Whether nobody has anything to do: it has ended, or a person is asked, or all it waits for rests. */
function rests(told: Told, all: Journals): boolean {
  if (told.ended || told.state === 'waiting_for_human') return true;
  const awaited = awaits(told, all);
  return awaited !== null && awaited.every((child) => child !== undefined && !child.ended && rests(child, all));
}

/** Whom it waits for, undefined for those without a journal; null when it has work of its own. */
function awaits(told: Told, all: Journals): (Told | undefined)[] | null {
  const { tenant, run } = told.address;
  if (told.kind === 'batch') {
    if (told.state !== 'running') return null;
    const pending = told.context.targets.filter((_, i) => told.context.outcomes[i] === null);
    return pending.map(({ id }) => at(all, tenant, targetRun(run, id), '0'));
  }
  const running = told.context.turns.at(-1)?.calls.filter(({ status }) => status === 'running') ?? [];
  if (told.state !== 'acting' || running.length === 0 || running.some(({ kind }) => kind !== 'delegate')) return null;
  return running.map(({ delegate }) => at(all, tenant, run, delegate?.path ?? ''));
}

/** The deepest journal that stands still: those above only wait for it. */
function unfinished(told: Told, all: Journals): Fault[] {
  if (rests(told, all)) return [];
  const awaited = awaits(told, all) ?? [];
  if (awaited.some((child) => child !== undefined && !child.ended && !rests(child, all))) return [];
  const shown = told.entries.length;
  const missing = awaited.includes(undefined) ? ': what it started has no journal' : '';
  const begun = told.state !== 'admitting';
  return [
    begun
      ? { kind: 'stuck', message: `it stands in ${told.state}${missing}`, shown }
      : { kind: 'lost', message: 'it was accepted and never begun', shown },
  ];
}
