/**
 * Restores a backup into a state that has no runs and no memories.
 *
 * 1. The backup is checked whole before anything is written.
 * 2. Each message is stored behind the one before it (expected-last-sequence), in the order of its file, so the order
 *    within a subject is kept, and a message that got lost is noticed by the next one.
 * 3. While it is under way the first journal stream says so, and no process opens this state. What fails or is
 *    interrupted is undone; what was killed is begun anew by the next restore.
 * 4. A run's journal goes where this state has its runs, whatever the number of journal streams was.
 *
 * Mail, timers, topics and Redis are not in a backup: the next worker that starts reconciles them with the journals.
 */
import { headers, type JetStreamManager, type MsgHdrs, type NatsConnection, NatsError, type PubAck } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { patiently } from '../../runtime/bus/patience.ts';
import { isFull, storageFull } from '../../runtime/bus/publish.ts';
import { ensureStreams, openBucket, isHalfRestored, markRestoring } from '../../runtime/bus/streams.ts';
import { openObjects } from '../../runtime/journal/objects.ts';
import { journalStream, journalSubject, parseJournalSubject, PROBE_SUBJECT, shardOf } from '../../runtime/subjects.ts';
import { bodyOf, DEFINITIONS_STREAM, isJournal, type Line, type Manifest, OTHER_STREAMS } from './format.ts';
import { checkBackup, linesOf } from './read.ts';

export interface RestoreRequest {
  nc: NatsConnection;
  folder: string;
  /** How many journal streams to make when there are none. */
  shards: number;
  /** On how many servers each stream is kept that is made. */
  replicas?: number;
  /** Aborting leaves the state as empty as it was. */
  signal: AbortSignal;
  /** Told how many messages there are, once, and then of each that is stored. */
  onTotal?(total: number): void;
  onMessage?(): void;
}

/** Messages on their way at once. */
const WINDOW = 256;
const TIMEOUT_MS = 30_000;

/** @throws PlatformError `backup.invalid`, `state.not_empty`, `storage.full`; then this state is as it was. */
export async function restoreBackup(request: RestoreRequest): Promise<Manifest> {
  const { nc, folder, signal, replicas = 1, onTotal = () => {}, onMessage = () => {} } = request;
  const manifest = await checkBackup(folder, signal); // (1)
  const streams = { shards: request.shards, replicas, topics: [], restoring: true };
  const { shards } = await patiently(nc, () => ensureStreams(nc, streams));
  const jsm = await patiently(nc, () => nc.jetstreamManager());
  if (await isHalfRestored(jsm)) await empty(jsm, shards);
  await mustBeEmpty(jsm, shards);
  for (const stream of OTHER_STREAMS.filter((name) => name.startsWith('KV_'))) {
    await openBucket(nc, stream.slice('KV_'.length), replicas);
  }
  await openObjects(nc, replicas);
  await markRestoring(jsm, true); // (3)
  try {
    onTotal(manifest.files.reduce((sum, { lines }) => sum + lines, 0));
    const writer = new Writer(nc, jsm, signal, onMessage);
    const order = [...OTHER_STREAMS, ...manifest.files.map(({ stream }) => stream).filter(isJournal)];
    for (const stream of order) {
      const file = manifest.files.find((each) => each.stream === stream);
      if (!file) continue;
      for await (const line of linesOf(folder, file)) await writer.store(...placed(stream, line, shards), line);
      await writer.confirmed();
    }
  } catch (error) {
    await empty(jsm, shards);
    await markRestoring(jsm, false);
    throw isFull(error) ? storageFull(error) : error;
  }
  await markRestoring(jsm, false);
  return manifest;
}

/** (4) */
function placed(stream: string, { subject }: Line, shards: number): [stream: string, subject: string] {
  if (!isJournal(stream)) return [stream, subject];
  const address = parseJournalSubject(subject);
  const shard = shardOf(address.run, shards);
  return [journalStream(shard), journalSubject(address, shard)];
}

async function mustBeEmpty(jsm: JetStreamManager, shards: number): Promise<void> {
  const held: string[] = [];
  for await (const { config, state } of jsm.streams.list()) {
    const { name } = config;
    // Definitions are named by their digest: those that are there are those of the backup, or harmless.
    if (name === DEFINITIONS_STREAM || !isOurs(name, shards)) continue;
    const probes = name === journalStream(0) ? await countOf(jsm, name, PROBE_SUBJECT) : 0;
    if (state.messages > probes) held.push(`${name} (${state.messages})`);
  }
  if (held.length === 0) return;
  throw new PlatformError(
    'state.not_empty',
    `a backup is restored only into a state without runs and memories, and there are messages in ${held.join(', ')}; ` +
      'name a new state folder with --state-dir',
  );
}

function isOurs(stream: string, shards: number): boolean {
  const journals = Array.from({ length: shards }, (_, shard) => journalStream(shard));
  return [...journals, ...OTHER_STREAMS, 'MAIL'].includes(stream) || stream.startsWith('TOPIC_');
}

async function countOf(jsm: JetStreamManager, stream: string, subject: string): Promise<number> {
  const { state } = await jsm.streams.info(stream, { subjects_filter: subject });
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Undoes a restore: nobody else writes meanwhile (3). Definitions stay, as they do no harm. */
async function empty(jsm: JetStreamManager, shards: number): Promise<void> {
  const journals = Array.from({ length: shards }, (_, shard) => journalStream(shard));
  const others = OTHER_STREAMS.filter((name) => name !== DEFINITIONS_STREAM);
  for (const stream of [...journals, ...others]) {
    await jsm.streams.purge(stream).catch((error: Error) => {
      if (!/stream not found/i.test(error.message)) throw error;
    });
  }
}

/** Stores messages in the order given, a window of them on their way at once. (2) */
class Writer {
  private readonly nc: NatsConnection;
  private readonly jsm: JetStreamManager;
  private readonly signal: AbortSignal;
  private readonly onMessage: () => void;
  /** The last sequence of each stream written to. */
  private readonly last = new Map<string, number>();
  private underWay: Promise<PubAck>[] = [];

  constructor(nc: NatsConnection, jsm: JetStreamManager, signal: AbortSignal, onMessage: () => void) {
    this.nc = nc;
    this.jsm = jsm;
    this.signal = signal;
    this.onMessage = onMessage;
  }

  async store(stream: string, subject: string, line: Line): Promise<void> {
    if (this.underWay.length >= WINDOW) await this.confirmed();
    this.signal.throwIfAborted();
    const last = this.last.get(stream) ?? (await this.jsm.streams.info(stream)).state.last_seq;
    this.last.set(stream, last + 1);
    const carried = headersOf(line);
    const stored = this.nc.jetstream().publish(subject, bodyOf(line), {
      timeout: TIMEOUT_MS,
      expect: { lastSequence: last },
      ...(carried && { headers: carried }),
    });
    stored.then(this.onMessage, () => {}); // A failure is told by `confirmed`.
    this.underWay.push(stored);
  }

  /** Waits for all that is on its way, also when one of them has failed: afterwards nothing of ours arrives any more. */
  async confirmed(): Promise<void> {
    const outcomes = await Promise.allSettled(this.underWay);
    this.underWay = [];
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    if (failures.length > 0) throw failures.find((error) => error instanceof NatsError && isFull(error)) ?? failures[0];
  }
}

function headersOf({ headers: kept }: Line): MsgHdrs | undefined {
  if (!kept) return undefined;
  const carried = headers();
  for (const [name, values] of Object.entries(kept)) for (const value of values) carried.append(name, value);
  return carried;
}
