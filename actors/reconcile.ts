/**
 * Makes the journals true again outside. What they need and is not there is made: streams, events of topics, the
 * messages of schedules that were armed, and a wake-up for whatever is not final and rests on mail, a timer or a report
 * that got lost; it then repeats what its state asks for. Live work gets nothing: a wake-up is refused while any mail of
 * its receiver is queued or in flight. Adds no entry to what only waits.
 */
import type { NatsConnection } from 'nats';
import pMap from 'p-map';
import { AT_ONCE } from '../runtime/at-once.ts';
import type { PlatformError } from '../config/errors.ts';
import { type Address, addressKey, ROOT_PATH, rootOf } from '../runtime/address.ts';
import { ensureStreams } from '../runtime/bus/streams.ts';
import { isListened } from '../runtime/bus/presence.ts';
import { isUnreadable } from '../runtime/journal/unreadable.ts';
import { hostSubject } from '../runtime/subjects.ts';
import { hostedAgents } from './consumers.ts';
import { removeDeadMail } from './dead-mail.ts';
import { type LastEntry, lastEntries } from './last-entries.ts';
import { type Reemitted, reemit } from './reemit.ts';
import type { Runtime } from './runtime.ts';

const FINAL = new Set(['completed', 'escalated', 'refused', 'failed', 'cancelled']);

export interface Reconciled extends Reemitted {
  /** Journals that were looked at. */
  journals: number;
  /** Those that are not final and were sent a wake-up, which the server refuses for live work. */
  woken: number;
  /** Those of agents that neither this process nor a worker that is alive has: nobody goes on with them. */
  unserved: number;
  /** Those that this version cannot read, or that hang together with one: they are left alone. */
  left_alone: number;
  /** Mail that nobody would ever have got, and that stood in the way of a wake-up. */
  mail_removed: number;
  /** Schedules that were armed, had lost their message, and have it again. */
  schedules_armed: number;
  /** Schedules that were armed and that the server does not take; the log says which and why. */
  schedules_refused: number;
}

/**
 * `allEvents` compares every journal with the topics' streams; without it that is done only for a stream that was lost or
 * emptied. What has gained an entry within `stillForMs` is not woken.
 */
export async function reconcile(
  nc: NatsConnection,
  runtime: Runtime,
  { allEvents = false, stillForMs = 0 }: { allEvents?: boolean; stillForMs?: number } = {},
): Promise<Reconciled> {
  const topics = runtime.catalog.packs.flatMap(({ manifest }) => Object.keys(manifest.topics));
  await ensureStreams(nc, { shards: runtime.journal.shards, replicas: runtime.replicas, topics });
  const mail_removed = await removeDeadMail(nc, runtime.log);
  const { armed: schedules_armed, refused } = await runtime.clockwork.rearm();
  for (const { code, message } of refused) runtime.log.warn({ code }, `a schedule was left alone: ${message}`);
  const schedules_refused = refused.length;
  const before = stillForMs === 0 ? Number.POSITIVE_INFINITY : runtime.now().getTime() - stillForMs;
  const result = {
    journals: 0,
    woken: 0,
    unserved: 0,
    left_alone: 0,
    mail_removed,
    schedules_armed,
    schedules_refused,
  };
  const open = new Map<string, number>();
  const pass = passOf(runtime);
  for (let shard = 0; shard < runtime.journal.shards; shard++) await wakeShard(nc, pass, shard, before, result, open);
  const hosted = hostedAgents(runtime.catalog);
  for (const [agent, journals] of open) {
    if (hosted.includes(agent) || (await isListened(nc, hostSubject(agent)))) continue;
    result.unserved += journals;
    runtime.log.warn(
      { agent, journals },
      'open journals of an agent that no loaded pack has: nobody goes on with them',
    );
  }
  return { ...result, ...(await reemit(nc, runtime, !allEvents)) };
}

interface Pass {
  runtime: Runtime;
  /** How a journal ends; null when there is none. */
  end(address: Address): Promise<Pick<LastEntry, 'agent' | 'state'> | null>;
  /** The batch that started a run; null when somebody else did. */
  batch(root: Address): Promise<Address | null>;
}

/** Siblings, and the runs of a batch, ask for the same, and are answered once in a pass. */
function passOf(runtime: Runtime): Pass {
  const { journal } = runtime;
  return {
    runtime,
    end: once(async (address) => {
      const last = await journal.tail(address);
      return last && { agent: last.agent, state: last.state };
    }),
    batch: once(async (root) => {
      const [begun] = (await journal.first(root))?.events ?? [];
      const parent = begun?.type === 'invoked' && 'invocation' in begun ? begun.invocation.parent : null;
      return parent && { tenant: root.tenant, run: parent.run, path: parent.path };
    }),
  };
}

function once<T>(ask: (address: Address) => Promise<T>): (address: Address) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (address) => {
    const key = addressKey(address);
    const answer = asked.get(key) ?? ask(address);
    asked.set(key, answer);
    return answer;
  };
}

async function wakeShard(
  nc: NatsConnection,
  pass: Pass,
  shard: number,
  before: number,
  result: { journals: number; woken: number; left_alone: number },
  open: Map<string, number>,
): Promise<void> {
  const { runtime } = pass;
  const leave = ({ run, path }: Address, { code, message }: PlatformError): void => {
    result.left_alone += 1;
    runtime.log.warn({ run, path, code }, `a journal was left alone: ${message}`);
  };
  const look = async (last: LastEntry): Promise<void> => {
    result.journals += 1;
    if (FINAL.has(last.state)) return;
    open.set(last.agent, (open.get(last.agent) ?? 0) + 1);
    if (last.appended > before) return;
    try {
      await wake(pass, last);
      result.woken += 1;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      leave(last.address, error);
    }
  };
  await pMap(lastEntries(nc, shard, leave), look, AT_ONCE);
}

/** An invocation below one that has ended may have lost its word to stop: that one says it again. */
async function wake(pass: Pass, { address, agent, state }: LastEntry): Promise<void> {
  const trace = { correlation_id: 'reconcile' };
  const { runtime } = pass;
  const above = await endedAbove(pass, address);
  if (above) await runtime.mailer.resume({ ...above.address, agent: above.agent }, trace);
  // Nothing is done for what was cancelled any more, not even while the word is on its way.
  if (above?.state === 'cancelled') return;
  const to = { ...address, agent };
  // What was delegated, and left to other workers before it was admitted, is begun by any mail.
  await (state === 'admitting' && address.path === ROOT_PATH
    ? runtime.mailer.start(to, trace)
    : runtime.mailer.resume(to, trace));
}

type Ended = Omit<LastEntry, 'appended'>;

/** The nearest invocation above that has ended; above a root, the batch that started it. */
async function endedAbove(pass: Pass, { tenant, run, path }: Address): Promise<Ended | null> {
  for (let at = path.lastIndexOf('-'); at > 0; at = path.lastIndexOf('-', at - 1)) {
    const address = { tenant, run, path: path.slice(0, at) };
    const last = await pass.end(address);
    if (last && FINAL.has(last.state)) return { address, ...last };
  }
  const batch = await pass.batch(rootOf({ tenant, run }));
  const last = batch && (await pass.end(batch));
  return last && FINAL.has(last.state) ? { address: batch, ...last } : null;
}
