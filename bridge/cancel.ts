/**
 * Cancels a run with its whole tree, or a batch with all its runs.
 *
 * 1. It is done when every journal of it is final; then nothing of it takes effect any more. What takes longer is named.
 * 2. Cancelling again changes nothing and tells who was first.
 * 3. A batch that a refused key ended has left runs to people: they are cancelled one by one, as the batch itself has ended.
 */
import { isReached, outcomeOf } from '../actors/batch/machine.ts';
import { PlatformError } from '../config/errors.ts';
import type { Address, Mailbox } from '../runtime/address.ts';
import type { Trace } from '../runtime/journal/entry.ts';
import { abortsAfter } from '../runtime/time-limit.ts';
import type { CancelAnswer } from './api/human-schemas.ts';
import { type BatchJournal, readBatch, runsOf } from './batch-journal.ts';
import { unknownRun } from './find-runs.ts';
import type { Platform } from './platform.ts';
import { ENDED } from './run-states.ts';
import { readRun, type RunTree } from './runs.ts';
import { checkServed } from './served-agents.ts';
import { watchJournals } from './watch.ts';

/** How long a tree may take to end. */
const WAIT_MS = 15_000;
const AT_ONCE = 64;

export interface CancelOptions {
  waitMs?: number;
  /** Ends the wait earlier: the cancel stays queued. */
  signal?: AbortSignal;
}

/** What a run or a batch is at its root. */
interface Root {
  mailbox: Mailbox;
  trace: Trace;
  state: string;
  cancelled: { by: string; reason: string } | null;
  /** The runs below a batch that may be open. */
  runs: string[];
  isBatch: boolean;
}

/**
 * Posts the cancel and waits until the whole tree is final, or for `waitMs`.
 * @throws PlatformError `run.unknown`; `run.ended` when it ended before; `run.unserved` when nobody takes its mail
 */
export async function cancelRun(
  platform: Platform,
  address: Address,
  { by, reason }: { by: string; reason: string },
  { waitMs = WAIT_MS, signal }: CancelOptions = {},
): Promise<CancelAnswer> {
  const root = await readRoot(platform, address);
  const late = abortsAfter(waitMs);
  const until = signal ? AbortSignal.any([signal, late]) : late;
  if (root.isBatch && root.state === 'failed') return cancelLeft(platform, root, { by, reason }, until);
  checkNotEnded(root);
  const done = root.state === 'cancelled' && (await ending(platform, root)).length === 0;
  if (!done) {
    await checkServed(platform, root.mailbox.agent, root.isBatch ? 'the batch' : 'the run');
    await platform.runtime.mailer.post(root.mailbox, { type: 'cancel', by, reason }, root.trace);
    await untilFinal(platform, root, until);
  }
  const now = await readRoot(platform, address);
  checkNotEnded(now);
  const open = done ? [] : await ending(platform, now);
  const { run, tenant } = address;
  const state = now.state === 'cancelled' && open.length === 0 ? 'cancelled' : 'cancelling';
  return { run, tenant, state, by: now.cancelled?.by ?? null, reason: now.cancelled?.reason ?? null, ending: open };
}

/** (3) The batch's journal has ended, so who was first stands in the runs. */
async function cancelLeft(
  platform: Platform,
  root: Root,
  asked: { by: string; reason: string },
  signal: AbortSignal,
): Promise<CancelAnswer> {
  const { mailbox, trace } = root;
  const before = await treesBelow(platform, root);
  const open = before.filter((tree) => !ENDED.has(tree.state));
  if (open.length === 0 && cancelledBy(before, mailbox.agent) === null) throw nothingLeft(root);
  for (const { address, agent } of open) {
    await platform.runtime.mailer.post({ ...address, agent }, { type: 'cancel', ...asked }, trace);
  }
  if (open.length > 0) await untilFinal(platform, root, signal);
  const first = cancelledBy(await treesBelow(platform, root), mailbox.agent) ?? { by: null, reason: null };
  const left = await ending(platform, root);
  const { run, tenant } = mailbox;
  return { run, tenant, state: left.length === 0 ? 'cancelled' : 'cancelling', ...first, ending: left };
}

/** Who cancelled one of these first, other than their own batch. */
function cancelledBy(trees: readonly RunTree[], batch: string): { by: string; reason: string } | null {
  const cancelled = trees.flatMap(({ entries }) => entries.filter(({ state }) => state === 'cancelled').slice(0, 1));
  const inTime = cancelled.sort((a, b) => a.at.localeCompare(b.at));
  return inTime.map((entry) => cancelOf({ entries: [entry] })).find((cancel) => cancel?.by !== batch) ?? null;
}

async function readRoot({ runtime }: Platform, address: Address): Promise<Root> {
  const { journal } = runtime;
  const tree = await readRun(journal, address);
  if (tree) {
    const { agent, state, context } = tree;
    const trace = context.invocation?.trace ?? { correlation_id: address.run };
    return { mailbox: { ...address, agent }, trace, state, cancelled: cancelOf(tree), runs: [], isBatch: false };
  }
  const batch = await readBatch(journal, address);
  if (!batch) throw unknownRun(address.run);
  const agent = batch.entries[0]?.agent ?? '';
  return {
    mailbox: { ...address, agent },
    trace: batch.context.trace ?? { correlation_id: address.run },
    state: batch.state,
    cancelled: cancelOf(batch),
    runs: mayBeOpen(batch),
    isBatch: true,
  };
}

/** The runs that are not known to have ended for good: those of a long list that were never begun are none. Pure. */
function mayBeOpen(batch: BatchJournal): string[] {
  const known = ({ run }: { run: string }) => outcomeOf(batch.context, run);
  const begun = runsOf(batch).filter(({ run }) => isReached(batch.context, run));
  return begun.filter((each) => [null, 'failed', 'cancelled'].includes(known(each) ?? null)).map(({ run }) => run);
}

function cancelOf({ entries }: Pick<RunTree, 'entries'>): { by: string; reason: string } | null {
  for (const event of entries.flatMap((entry) => entry.events)) {
    if (event.type === 'cancelled') return { by: event.by, reason: event.reason };
  }
  return null;
}

/** A failed run has ended, too, but may go on: a cancel is the end of that. A failed batch may not. */
function checkNotEnded(root: Root): void {
  const { state, isBatch } = root;
  if (ENDED.has(state) && state !== 'cancelled' && !(state === 'failed' && !isBatch)) throw nothingLeft(root);
}

function nothingLeft({ mailbox, state, isBatch }: Root): PlatformError {
  const what = `${isBatch ? 'the batch' : 'the run'} ${JSON.stringify(mailbox.run)}`;
  return new PlatformError('run.ended', `${what} is ${state}; there is nothing left to cancel`);
}

async function untilFinal(platform: Platform, root: Root, signal: AbortSignal): Promise<void> {
  const { tenant, run } = root.mailbox;
  const done = new AbortController();
  const until = AbortSignal.any([signal, done.signal]);
  /** The runs that were open at the last look; null before the root has ended, when more may come. */
  let left: string[] | null = null;
  const under: { look: Promise<void> | null } = { look: null };
  let again = false;
  // One look at a time: thousands of runs end at once, and each look reads all that are left.
  const look = async (): Promise<void> => {
    while (again && !until.aborted) {
      again = false;
      const now = await readRoot(platform, root.mailbox);
      const runs = left ?? now.runs;
      const open = await ending(platform, { ...now, runs });
      if (open.length === 0) return done.abort();
      const names = new Set(open.map(runIn));
      if (ENDED.has(now.state)) left = runs.filter((each) => names.has(each));
    }
  };
  let failure: unknown = null;
  const lookOnce = (): void => {
    under.look ??= look()
      .catch((error: unknown) => {
        failure = error;
        done.abort();
      })
      .finally(() => {
        under.look = null;
        if (again && !until.aborted) lookOnce();
      });
  };
  await watchJournals(platform.nc, platform.runtime.journal, {
    tenant,
    runs: [run, ...root.runs],
    signal: until,
    onEntry: (_address, { state }) => {
      if (!ENDED.has(state)) return;
      again = true;
      lookOnce();
    },
  });
  await under.look;
  if (failure !== null) throw failure;
}

/** What is not final yet. (1) */
async function ending(platform: Platform, root: Root): Promise<string[]> {
  const { tenant, run, path } = root.mailbox;
  if (!root.isBatch) return openOf(run, await readRun(platform.runtime.journal, { tenant, run, path }), true);
  const found = ENDED.has(root.state) ? [] : [`${run} ${path} ${root.state}`];
  for (const [at, tree] of (await readBelow(platform, root)).entries()) {
    found.push(...openOf(root.runs[at] ?? '', tree, false));
  }
  return found;
}

/** The trees of a batch's runs, in its order, some read at once; null for what has no journal. */
async function readBelow(platform: Platform, { mailbox, runs }: Root): Promise<(RunTree | null)[]> {
  const { tenant, path } = mailbox;
  const found: (RunTree | null)[] = [];
  for (let i = 0; i < runs.length; i += AT_ONCE) {
    const some = runs.slice(i, i + AT_ONCE).map((run) => readRun(platform.runtime.journal, { tenant, run, path }));
    found.push(...(await Promise.all(some)));
  }
  return found;
}

async function treesBelow(platform: Platform, root: Root): Promise<RunTree[]> {
  return (await readBelow(platform, root)).filter((tree) => tree !== null);
}

/**
 * The invocations of a tree that are not final; a delegation that was begun and has no journal yet is one. What has failed
 * is at its end, except where it was `told` of the cancel, by us or by its cancelled parent: it will be cancelled. Pure.
 */
export function openOf(run: string, tree: RunTree | null, told: boolean): string[] {
  if (tree === null) return [`${run} 0 accepted`];
  const { address, state, context, children } = tree;
  const begun = context.turns.flatMap((turn) =>
    turn.calls.flatMap(({ status, delegate }) => (delegate && status === 'running' ? [delegate.path] : [])),
  );
  const known = new Set(children.map((child) => child.address.path));
  const isFinal = ENDED.has(state) && !(state === 'failed' && told);
  return [
    ...(isFinal ? [] : [`${run} ${address.path} ${state}`]),
    ...begun.filter((path) => !known.has(path)).map((path) => `${run} ${path} accepted`),
    ...children.flatMap((child) => openOf(run, child, state === 'cancelled')),
  ];
}

/** The run that `openOf` names: of path and state, neither has a space. */
function runIn(text: string): string {
  return text.slice(0, text.lastIndexOf(' ', text.lastIndexOf(' ') - 1));
}
