/**
 * Makes the journals true again outside: whatever is not final and rests on mail, a timer or a report that got lost is
 * woken, and repeats what its state asks for. Live work gets nothing: a wake-up is refused while any mail of its receiver
 * is queued or in flight. Adds no entry to what only waits.
 */
import { DeliverPolicy, type NatsConnection } from 'nats';
import { parseEntry } from '../runtime/journal/journal.ts';
import { journalFilter, journalStream, parseJournalSubject } from '../runtime/subjects.ts';
import type { Runtime } from './runtime.ts';

const FINAL = new Set(['completed', 'escalated', 'refused', 'failed']);
const AT_ONCE = 64;

export interface Reconciled {
  /** Journals that were looked at. */
  journals: number;
  /** Those that are not final and were sent a wake-up, which the server refuses for live work. */
  woken: number;
}

export async function reconcile(nc: NatsConnection, runtime: Runtime): Promise<Reconciled> {
  const result: Reconciled = { journals: 0, woken: 0 };
  for (let shard = 0; shard < runtime.journal.shards; shard++) await reconcileShard(nc, runtime, shard, result);
  return result;
}

/** Reads each journal's last entry, all of them by one consumer. */
async function reconcileShard(nc: NatsConnection, runtime: Runtime, shard: number, result: Reconciled): Promise<void> {
  const consumer = await nc.jetstream().consumers.get(journalStream(shard), {
    filterSubjects: [journalFilter(shard)],
    deliver_policy: DeliverPolicy.LastPerSubject,
  });
  let { num_pending: left } = await consumer.info(true);
  if (left === 0) return;
  const messages = await consumer.consume();
  let waking: Promise<void>[] = [];
  for await (const message of messages) {
    result.journals += 1;
    const entry = parseEntry(message.string(), message.seq);
    const to = { ...parseJournalSubject(message.subject), agent: entry.agent };
    if (!FINAL.has(entry.state) && entry.state !== 'waiting_for_human') {
      result.woken += 1;
      const trace = { correlation_id: 'reconcile' };
      waking.push(entry.state === 'admitting' ? runtime.mailer.start(to, trace) : runtime.mailer.resume(to, trace));
    }
    if (waking.length >= AT_ONCE) {
      await Promise.all(waking);
      waking = [];
    }
    left -= 1;
    if (left <= 0) break;
  }
  await Promise.all(waking);
  await messages.close();
}
