/** Finds journals without knowing their tenant, and lists what ran lately. Reads only. */
import { targetRun } from '../../actors/batch/machine.ts';
import { lastMessages } from '../../actors/last-entries.ts';
import { PlatformError } from '../../config/errors.ts';
import { type Address, ROOT_PATH, rootOf } from '../../runtime/address.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { type Outline, tryEntry } from '../../runtime/journal/unreadable.ts';
import {
  batchAgent,
  journalFilter,
  journalStream,
  journalSubject,
  parseJournalSubject,
  shardOf,
  scheduleOf,
} from '../../runtime/subjects.ts';
import { type Batch, foldBatch } from '../journals/batch-journal.ts';
import { type OnUnreadable, orUnreadable } from './unreadable.ts';
import type { Records } from '../platform/records.ts';
import { ENDED, type RunStateFilter } from '../contract/run-states.ts';

/** Roots of that run id: one per tenant that has it, or only that of `tenant`. */
export async function findRun({ jsm, runtime }: Records, run: string, tenant = '*'): Promise<Address[]> {
  const shard = shardOf(run, runtime.journal.shards);
  const subject = journalSubject(rootOf({ tenant, run }), shard);
  const { state } = await jsm.streams.info(journalStream(shard), { subjects_filter: subject });
  return Object.keys(state.subjects ?? {}).map(parseJournalSubject);
}

/**
 * The one run or batch of that id, of one tenant or of any.
 * @throws PlatformError `run.unknown`; `usage.invalid` when several tenants have it
 */
export async function findRoot(records: Records, run: string, tenant?: string): Promise<Address> {
  const [address, ...more] = await findRun(records, run, tenant);
  if (!address) throw unknownRun(run, tenant);
  if (more.length === 0) return address;
  const tenants = [address, ...more].map((each) => each.tenant).join(', ');
  throw new PlatformError('usage.invalid', `the tenants ${tenants} each have a run ${run}; name one with --tenant`);
}

export function unknownRun(run: string, tenant?: string): PlatformError {
  const where = tenant ? ` of the tenant ${tenant}` : '';
  return new PlatformError(
    'run.unknown',
    `there is no run or batch ${JSON.stringify(run)}${where}; \`runs list\` shows what there is`,
  );
}

export interface ListedRun {
  run: string;
  tenant: string;
  /** Null for a batch. */
  agent: string | null;
  /** Null for a run. */
  schedule: string | null;
  subject: string | null;
  /** The root's state; `waiting` while the run, or all that a batch waits for, waits for a person. */
  state: string;
  /** ISO times of the first and of the latest entry. */
  started: string;
  latest: string;
  /** Journal entries of the whole tree. */
  entries: number;
}

interface Tree {
  address: Address;
  /** Null also when it cannot be read: then `outline` may say something of it. */
  root: StoredEntry | null;
  outline: Outline | null;
  latest: string;
  entries: number;
  waits: boolean;
}

export interface RunFilter {
  tenant?: string;
  /** What the run is about. */
  subject?: string;
  /** The name of an agent or a schedule. */
  agent?: string;
  state?: RunStateFilter;
  /** Runs with an entry since then. */
  since?: Date;
}

/** Runs and batches that a filter lets through and that can be read, at most `limit`, the latest active first. */
export async function listRuns(
  records: Records,
  options: RunFilter & { limit: number; onUnreadable?: OnUnreadable },
): Promise<ListedRun[]> {
  const { journal } = records.runtime;
  const { limit, state, tenant = '*', onUnreadable } = options;
  const trees = new Map<string, Tree>();
  for (let shard = 0; shard < journal.shards; shard++) await collect(records, shard, tenant, trees, { onUnreadable });
  const latest = [...trees.values()]
    .filter((tree) => tree.root !== null && passes(tree, tree.root, options))
    .sort((a, b) => (a.latest < b.latest ? 1 : -1));
  const found: ListedRun[] = [];
  // Only the state of a batch takes reading more than the last entries, so it is looked at last, and no further than needed.
  for (let at = 0; at < latest.length && found.length < limit; at += limit) {
    const reading = latest
      .slice(at, at + limit)
      .map((tree) => orUnreadable(tree.address, listed(records, tree, trees), onUnreadable));
    const some = (await Promise.all(reading)).filter((run) => run !== null);
    found.push(...some.filter((run) => state === undefined || isIn(run.state, state)));
  }
  return found.slice(0, limit);
}

function passes({ latest }: Tree, root: StoredEntry, { subject, agent, since }: RunFilter): boolean {
  return (
    (subject === undefined || root.subject === subject) &&
    (agent === undefined || root.agent === agent || root.agent === batchAgent(agent)) &&
    (since === undefined || Date.parse(latest) >= since.getTime())
  );
}

function isIn(state: string, wanted: RunStateFilter): boolean {
  return wanted === 'running' ? !ENDED.has(state) && state !== 'waiting' : state === wanted;
}

/** Reads the last entry of every journal of a shard into the trees that they belong to. */
async function collect(
  { nc, jsm }: Records,
  shard: number,
  tenant: string,
  trees: Map<string, Tree>,
  { onEntry, onUnreadable }: { onEntry?: OnEntry; onUnreadable?: OnUnreadable | undefined } = {},
): Promise<void> {
  const stream = journalStream(shard);
  const filter = journalFilter(shard, tenant);
  const { state } = await jsm.streams.info(stream, { subjects_filter: filter });
  const counts = new Map(Object.entries(state.subjects ?? {}));
  if (counts.size === 0) return;
  for await (const message of lastMessages(nc, stream, filter)) {
    const address = parseJournalSubject(message.subject);
    const tried = tryEntry(message.string(), message.seq);
    const { entry } = tried;
    if (entry) onEntry?.(address, entry);
    else onUnreadable?.(address, tried.error);
    const outline = entry ?? tried.outline;
    const key = keyOf(address.tenant, address.run);
    const tree = trees.get(key) ?? {
      address: rootOf(address),
      root: null,
      outline: null,
      latest: '',
      entries: 0,
      waits: false,
    };
    trees.set(key, {
      ...tree,
      root: address.path === ROOT_PATH ? entry : tree.root,
      outline: address.path === ROOT_PATH ? outline : tree.outline,
      latest: entry && entry.at > tree.latest ? entry.at : tree.latest,
      entries: tree.entries + (counts.get(message.subject) ?? 1),
      waits: tree.waits || entry?.state === 'waiting_for_human',
    });
    counts.delete(message.subject); // A later one of its subject may come.
  }
}

type OnEntry = (address: Address, entry: StoredEntry) => void;

/** Tells the last entry of every journal that can be read, of one tenant or of all. */
export async function eachLastEntry(
  records: Records,
  tenant: string,
  onEntry: OnEntry,
  onUnreadable?: OnUnreadable,
): Promise<void> {
  const { shards } = records.runtime.journal;
  const told = { onEntry, onUnreadable };
  await Promise.all(Array.from({ length: shards }, (_, shard) => collect(records, shard, tenant, new Map(), told)));
}

/** What is being worked on for a schedule. */
export interface OpenWork {
  /** Subject → run of its agent, for runs that have not ended; those that wait for a person are among them. */
  bySubject: Map<string, string>;
  /** Every run that has a journal, ended ones included. */
  runs: Set<string>;
  /** Batches of the schedule that have not ended. */
  batches: Batch[];
}

export async function openWork(records: Records, tenant: string, agent: string, schedule: string): Promise<OpenWork> {
  const trees = new Map<string, Tree>();
  const { journal } = records.runtime;
  await Promise.all(Array.from({ length: journal.shards }, (_, shard) => collect(records, shard, tenant, trees)));
  const open = [...trees.values()].filter(({ outline }) => outline !== null && !ENDED.has(outline.state));
  const bySubject = new Map<string, string>();
  // What a newer version works on is worked on, too.
  for (const { address, outline } of open) {
    if (outline?.agent === agent && outline.subject !== null) bySubject.set(outline.subject, address.run);
  }
  const batches = open.filter(({ root }) => root?.agent === batchAgent(schedule));
  const read = await Promise.all(batches.map(({ address }) => orUnreadable(address, foldBatch(journal, address))));
  const runs = new Set([...trees.values()].map(({ address }) => address.run));
  return { bySubject, runs, batches: read.filter((batch) => batch !== null) };
}

async function listed(records: Records, tree: Tree, trees: ReadonlyMap<string, Tree>): Promise<ListedRun> {
  const { address, root } = tree;
  const { run, tenant } = address;
  const agent = root?.agent ?? '';
  const schedule = scheduleOf(agent);
  const first = await records.runtime.journal.first(address);
  return {
    run,
    tenant,
    agent: schedule === null ? agent : null,
    schedule,
    subject: root?.subject ?? null,
    state: schedule === null ? runState(tree) : await batchState(records, tree, trees),
    started: first?.at ?? tree.latest,
    latest: tree.latest,
    entries: tree.entries,
  };
}

function runState({ root, waits }: Tree): string {
  const state = root?.state ?? '';
  return !ENDED.has(state) && waits ? 'waiting' : state;
}

async function batchState(records: Records, tree: Tree, trees: ReadonlyMap<string, Tree>): Promise<string> {
  const state = tree.root?.state ?? '';
  if (state === 'starting') return 'running';
  if (state !== 'running') return state;
  const batch = await foldBatch(records.runtime.journal, tree.address);
  const waits = (target: { id: string }): boolean => {
    const run = trees.get(keyOf(tree.address.tenant, targetRun(tree.address.run, target.id)));
    return run !== undefined && runState(run) === 'waiting';
  };
  return batch?.pending.every(waits) ? 'waiting' : state;
}

function keyOf(tenant: string, run: string): string {
  return `${tenant}/${run}`;
}
