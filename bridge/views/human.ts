/** Questions to people, found by their journals. Reads only; `decide.ts` answers them. */
import pMap from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { isBatchAgent } from '../../runtime/subjects.ts';
import { PlatformError } from '../../config/errors.ts';
import { type Address, rootOf } from '../../runtime/address.ts';
import type { TaskState } from '../../runtime/context/invocation.ts';
import type { HumanTask } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { HumanTaskDetail, HumanTaskView } from '../contract/human-schemas.ts';
import { eachLastEntry, findRun } from './find-runs.ts';
import { type OnUnreadable, orUnreadable } from './unreadable.ts';
import type { Records } from '../platform/records.ts';
import type { TASK_FILTERS } from '../contract/run-states.ts';
import { readInvocation, readRun, type RunTree } from '../journals/runs.ts';
import { parseTaskId, taskDetail, tasksOf, taskView } from './task-view.ts';

export interface TaskFilter {
  /** One tenant or several; all when absent. */
  tenant?: string | readonly string[];
  state?: (typeof TASK_FILTERS)[number];
  limit: number;
  /** Told of journals that cannot be read. */
  onUnreadable?: OnUnreadable;
}

/** Questions to people: open ones with the most pressing first, others with the latest first. */
export async function listTasks(records: Records, options: TaskFilter): Promise<HumanTaskView[]> {
  const { tenant = '*', state = 'open', limit, onUnreadable } = options;
  const tenants = [tenant].flat();
  return state === 'open'
    ? (await openOnes(records, tenants, onUnreadable)).sort(byUrgency).slice(0, limit)
    : (await latest(records, tenants, { state, limit, onUnreadable }))
        .sort((a, b) => (a.opened < b.opened ? 1 : -1))
        .slice(0, limit);
}

/** An entry that asked tells its question itself; only where something came after it is the journal read. */
async function openOnes(
  records: Records,
  tenants: readonly string[],
  onUnreadable?: OnUnreadable,
): Promise<HumanTaskView[]> {
  const found: HumanTaskView[] = [];
  const unclear: Address[] = [];
  const look = (address: Address, entry: StoredEntry): void => {
    if (!mayAsk(entry)) return;
    const task = askedBy(entry);
    if (task === null) unclear.push(address);
    else found.push(taskView({ ...address, agent: entry.agent, subject: entry.subject }, task, 'open', null));
  };
  for (const tenant of tenants) await eachLastEntry(records, tenant, look, onUnreadable);
  const read = await pMap(unclear, (address) => readTasks(records, address, onUnreadable), AT_ONCE);
  return [...found, ...read.flat().filter((task) => task.state === 'open')];
}

/** Whether the last entry of a journal leaves room for an open question. Pure. */
export function mayAsk(entry: Pick<StoredEntry, 'agent' | 'state' | 'events'>): boolean {
  if (isBatchAgent(entry.agent)) return false;
  if (entry.state !== 'failed') return entry.state === 'waiting_for_human';
  // What failed with this entry and asked nobody has no question.
  return askedBy(entry) !== null || !entry.events.some(({ type }) => type === 'failed');
}

/** Whether a question is open behind a journal's last entry, as far as the entry itself tells. Pure. */
export function asks(entry: Pick<StoredEntry, 'agent' | 'state' | 'events'>): boolean {
  if (entry.state === 'waiting_for_human') return !isBatchAgent(entry.agent);
  const last = entry.events.at(-1);
  const undecided = last?.type === 'human.decided' && last.verdicts.some(({ ok }) => !ok);
  return entry.state === 'failed' && (undecided || askedBy(entry) !== null);
}

/** The question that an entry ends with. Pure. */
export function askedBy({ events }: Pick<StoredEntry, 'events'>): HumanTask | null {
  const last = events.at(-1);
  if (last?.type === 'escalated') return last.escalation.task ?? null;
  return last?.type === 'failed' && 'task' in last ? (last.task ?? null) : null;
}

function byUrgency(a: HumanTaskView, b: HumanTaskView): number {
  const never = '9999';
  return (a.due ?? never).localeCompare(b.due ?? never) || a.opened.localeCompare(b.opened);
}

/** No last entry tells whether a person was ever asked: journals are read, the latest active first, until it is enough. */
async function latest(
  records: Records,
  tenants: readonly string[],
  { state, limit, onUnreadable }: { state: TaskFilter['state']; limit: number; onUnreadable: OnUnreadable | undefined },
): Promise<HumanTaskView[]> {
  const journals: { address: Address; at: string }[] = [];
  for (const tenant of tenants) {
    const look = (address: Address, entry: StoredEntry): void => {
      if (!isBatchAgent(entry.agent)) journals.push({ address, at: entry.at });
    };
    await eachLastEntry(records, tenant, look, onUnreadable);
  }
  journals.sort((a, b) => (a.at < b.at ? 1 : -1));
  let found = 0;
  const read = async ({ address }: { address: Address }): Promise<HumanTaskView[]> => {
    if (found >= limit) return [];
    const tasks = await readTasks(records, address, onUnreadable);
    const wanted = tasks.filter((task) => state === 'all' || task.state === state);
    found += wanted.length;
    return wanted;
  };
  return (await pMap(journals, read, AT_ONCE)).flat();
}

/** Every question of one invocation. */
async function readTasks(
  { runtime }: Records,
  address: Address,
  onUnreadable?: OnUnreadable,
): Promise<HumanTaskView[]> {
  const tree = await orUnreadable(address, readInvocation(runtime.journal, address), onUnreadable);
  return tree ? tasksOf(tree) : [];
}

/** Who asks, and the question. */
export interface Asked {
  tree: RunTree;
  task: TaskState;
}

/**
 * Finds a question by its id, of one tenant or of any.
 * @throws PlatformError `human.unknown`; `usage.invalid` when several tenants have it
 */
export async function findTask(records: Records, id: string, tenant?: string): Promise<Asked> {
  const place = parseTaskId(id);
  const unknown = new PlatformError('human.unknown', `there is no question ${JSON.stringify(id.slice(0, 400))}`);
  if (place === null) throw unknown;
  const roots = await findRun(records, place.run, tenant);
  if (roots.length > 1) {
    const tenants = roots.map((root) => root.tenant).join(', ');
    throw new PlatformError(
      'usage.invalid',
      `the tenants ${tenants} each have a run ${place.run}; name one with --tenant`,
    );
  }
  const [root] = roots;
  const tree = root && (await readInvocation(records.runtime.journal, { ...root, path: place.path }));
  const task = tree?.context.tasks.find((each) => each.id === id);
  if (!tree || !task) throw unknown;
  return { tree, task };
}

/** All that a person needs to decide. @throws PlatformError `human.unknown` */
export async function showTask(records: Records, id: string, tenant?: string): Promise<HumanTaskDetail> {
  return detailOf(records, await findTask(records, id, tenant));
}

export async function detailOf(records: Records, { tree, task }: Asked): Promise<HumanTaskDetail> {
  const root = await readRun(records.runtime.journal, rootOf(tree.address));
  return taskDetail(root ?? tree, tree, task);
}
