/**
 * Cancels a run with its whole tree, or a batch with all its runs.
 *
 * 1. It is done when every journal of it is final; then nothing of it takes effect any more. What takes longer is named.
 * 2. Cancelling again changes nothing and tells who was first.
 * 3. A batch that a refused key ended has left runs to people: they are cancelled one by one, as the batch itself has ended.
 * 4. The answer comes in time, whatever the number of runs: what was not looked at by then counts as not final.
 */
import pMap from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { isReached, outcomeOf } from '../../actors/batch/machine.ts';
import { PlatformError } from '../../config/errors.ts';
import type { Address, Mailbox } from '../../runtime/address.ts';
import type { Trace } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { abortsAfter } from '../../runtime/time-limit.ts';
import type { CancelAnswer } from '../contract/human-schemas.ts';
import { asManyAsFit } from '../contract/long-lists.ts';
import { type Batch, foldBatch, runsOf } from '../journals/batch-journal.ts';
import { Ending, type Root } from './ending.ts';
import { unknownRun } from '../views/find-runs.ts';
import type { Platform } from '../platform/platform.ts';
import { ENDED } from '../contract/run-states.ts';
import { readRun, type RunTree } from '../journals/runs.ts';
import { checkServed } from '../platform/served-agents.ts';
import { positions } from '../follow/watch.ts';

/** How long a tree may take to end. */
const WAIT_MS = 15_000;
/** How long it is then looked at what is not final: less than a client waits behind that. */
const LAST_LOOK_MS = 2_000;

export interface CancelOptions {
  waitMs?: number;
  /** Ends the wait earlier: the cancel stays queued. */
  signal?: AbortSignal;
}

interface Cancelled {
  by: string;
  reason: string;
}

/** What a run or a batch is at its root. */
interface Found extends Root {
  mailbox: Mailbox;
  trace: Trace;
  cancelled: Cancelled | null;
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
  const { nc, runtime } = platform;
  const root = await readRoot(platform, address);
  const late = abortsAfter(waitMs);
  const until = signal ? AbortSignal.any([signal, late]) : late;
  const after = await positions(nc, runtime.journal);
  const ending = new Ending(platform, root, () => readRoot(platform, address));
  if (root.isBatch && root.state === 'failed') return cancelLeft(platform, ending, { by, reason }, after, until);
  checkNotEnded(root);
  if (root.state === 'cancelled') await ending.look(until);
  if (!ending.isOver) {
    await checkServed(platform, root.mailbox.agent, root.isBatch ? 'the batch' : 'the run');
    await runtime.mailer.post(root.mailbox, { type: 'cancel', by, reason }, root.trace);
    await ending.wait(after, until);
    if (!root.isBatch || !ENDED.has(ending.root.state)) await ending.readRoot();
  }
  checkNotEnded(ending.root);
  return answerOf(ending, ending.root.cancelled);
}

/** (1) (4) */
async function answerOf(ending: Ending<Found>, first: Cancelled | null): Promise<CancelAnswer> {
  await ending.look(abortsAfter(LAST_LOOK_MS));
  const { mailbox, state: at, isBatch } = ending.root;
  const { run, tenant } = mailbox;
  const { known, unread } = ending.left;
  const told = asManyAsFit(known);
  const more = known.length - told.length + unread;
  // A batch that a refused key ended stays failed.
  const isDone = ending.isOver && (at === 'cancelled' || (isBatch && at === 'failed'));
  const { by = null, reason = null } = first ?? {};
  const state = isDone ? 'cancelled' : 'cancelling';
  return { run, tenant, state, by, reason, ending: told, ...(more > 0 && { more }) };
}

/** (3) The batch's journal has ended, so who was first stands in the runs. */
async function cancelLeft(
  platform: Platform,
  ending: Ending<Found>,
  asked: Cancelled,
  after: readonly number[],
  until: AbortSignal,
): Promise<CancelAnswer> {
  const { root } = ending;
  const before = await survey(platform, root, root.runs, until);
  if (before.open.length === 0 && before.first === null && before.whole) throw nothingLeft(root);
  for (const to of before.open) await platform.runtime.mailer.post(to, { type: 'cancel', ...asked }, root.trace);
  if (before.open.length > 0) await ending.wait(after, until);
  const posted = before.open.map(({ run }) => run);
  const first = before.first ?? (await survey(platform, root, posted, abortsAfter(LAST_LOOK_MS))).first;
  return answerOf(ending, first);
}

interface Survey {
  open: Mailbox[];
  /** Who cancelled one of these first, other than their own batch. */
  first: Cancelled | null;
  /** Whether all were read before the signal came. */
  whole: boolean;
}

/** Of the trees no more is kept than is asked: there may be thousands. */
async function survey(
  { runtime }: Platform,
  { address, mailbox }: Found,
  runs: readonly string[],
  signal: AbortSignal,
): Promise<Survey> {
  const open: Mailbox[] = [];
  let earliest: { at: string; cancel: Cancelled | null } = { at: '', cancel: null };
  let whole = true;
  const read = async (run: string): Promise<void> => {
    if (signal.aborted) {
      whole = false;
      return;
    }
    const tree = await readRun(runtime.journal, { ...address, run });
    if (tree === null) return;
    if (!ENDED.has(tree.state)) open.push({ ...tree.address, agent: tree.agent });
    const at = tree.entries.find(({ state }) => state === 'cancelled');
    const cancel = at ? cancelOf({ entries: [at] }) : null;
    if (!at || !cancel || cancel.by === mailbox.agent) return;
    if (earliest.at === '' || at.at < earliest.at) earliest = { at: at.at, cancel };
  };
  await pMap(runs, read, AT_ONCE);
  return { open, first: earliest.cancel, whole };
}

async function readRoot({ runtime }: Platform, address: Address): Promise<Found> {
  const { journal } = runtime;
  const batch = await foldBatch(journal, address);
  if (batch) return ofBatch(batch, batch.state === 'cancelled' ? await journal.tail(address) : null);
  const tree = await readRun(journal, address);
  if (!tree) throw unknownRun(address.run);
  const { agent, state, context } = tree;
  const trace = context.invocation?.trace ?? { correlation_id: address.run };
  const cancelled = cancelOf(tree);
  return { address, mailbox: { ...address, agent }, trace, state, cancelled, runs: [], isBatch: false };
}

/** `last`: the entry that cancelled it. */
function ofBatch(batch: Batch, last: StoredEntry | null): Found {
  const { address, agent, state, context } = batch;
  const trace = context.trace ?? { correlation_id: address.run };
  const cancelled = cancelOf({ entries: last ? [last] : [] });
  return { address, mailbox: { ...address, agent }, trace, state, cancelled, runs: mayBeOpen(batch), isBatch: true };
}

/** The runs that are not known to have ended for good: those of a long list that were never begun are none. Pure. */
function mayBeOpen(batch: Batch): string[] {
  const known = ({ run }: { run: string }) => outcomeOf(batch.context, run);
  const begun = runsOf(batch).filter(({ run }) => isReached(batch.context, run));
  return begun.filter((each) => [null, 'failed', 'cancelled'].includes(known(each) ?? null)).map(({ run }) => run);
}

function cancelOf({ entries }: Pick<RunTree, 'entries'>): Cancelled | null {
  for (const event of entries.flatMap((entry) => entry.events)) {
    if (event.type === 'cancelled') return { by: event.by, reason: event.reason };
  }
  return null;
}

/** A failed run has ended, too, but may go on: a cancel is the end of that. A failed batch may not. */
function checkNotEnded(root: Found): void {
  const { state, isBatch } = root;
  if (ENDED.has(state) && state !== 'cancelled' && !(state === 'failed' && !isBatch)) throw nothingLeft(root);
}

function nothingLeft({ mailbox, state, isBatch }: Found): PlatformError {
  const what = `${isBatch ? 'the batch' : 'the run'} ${JSON.stringify(mailbox.run)}`;
  return new PlatformError('run.ended', `${what} is ${state}; there is nothing left to cancel`);
}
