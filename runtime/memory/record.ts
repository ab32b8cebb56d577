import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamClient, type JetStreamManager, type NatsConnection, NatsError, RequestStrategy } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { MEMORY_STREAM, memoryFilter, memorySubject } from '../subjects.ts';
import { readMemory } from './check.ts';
import type { Memory } from './memory.ts';

/**
 * The MEMORY stream: what was remembered, once and for good. Redis only indexes it.
 *
 * 1. A memory is created at most once: published with expected-last-subject-sequence 0 on a subject of its own.
 * 2. The first one recorded under an id is the memory; a repeat gets it back, whatever the repeat said.
 * 3. An append whose ack was lost is sent again: by 1 it cannot double.
 */
const WRONG_LAST_SEQUENCE = [10071, 10164];
const ATTEMPTS = 10;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const BATCH = 256;
const BATCH_WAIT_MS = 30_000;

export interface Recorded {
  memory: Memory;
  created: boolean;
}

export interface StoredMemory {
  memory: Memory;
  /** Stream sequence. */
  sequence: number;
}

export class MemoryRecord {
  private readonly nats: NatsConnection;
  private readonly js: JetStreamClient;
  private readonly jsm: JetStreamManager;

  constructor(nats: NatsConnection, jsm: JetStreamManager) {
    this.nats = nats;
    this.js = nats.jetstream();
    this.jsm = jsm;
  }

  /** @throws PlatformError `nats.unreachable` when no leader took it in about half a minute. */
  async create(memory: Memory): Promise<Recorded> {
    const subject = memorySubject(memory.tenant, memory.scope, memory.id);
    let unknown = false;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.js.publish(subject, JSON.stringify(memory), { expect: { lastSubjectSequence: 0 } });
        return { memory, created: true };
      } catch (error) {
        const outcome = classify(error);
        if (outcome === 'other') throw error;
        const stored = outcome === 'taken' ? await this.find(memory.tenant, memory.scope, memory.id) : null;
        // After a lost ack, a record of our own source is the one we sent.
        if (stored) return { memory: stored, created: unknown && stored.source === memory.source };
        if (attempt === ATTEMPTS) throw unreachable(subject, error);
        unknown ||= outcome === 'unknown';
        await delay(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
      }
    }
  }

  /** The memory under an id as the stream's leader has it; null when there is none. */
  async find(tenant: string, scope: string, id: string): Promise<Memory | null> {
    const subject = memorySubject(tenant, scope, id);
    try {
      const stored = await this.jsm.streams.getMessage(MEMORY_STREAM, { last_by_subj: subject });
      return parse(stored.data, subject);
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.code === 404) return null;
      throw error;
    }
  }

  /** When the stream was created, how many memories it holds, and its last sequence. */
  async extent(): Promise<{ created: string; count: number; last: number }> {
    const { created, state } = await this.jsm.streams.info(MEMORY_STREAM);
    return { created, count: state.messages, last: state.last_seq };
  }

  /** All memories recorded after a stream sequence, oldest first, in batches. */
  async *after(sequence: number): AsyncGenerator<StoredMemory[]> {
    for (let next = sequence + 1; ; ) {
      const { batch, pending } = await this.read(next);
      const last = batch.at(-1);
      if (!last) return;
      yield batch;
      if (pending === 0) return;
      next = last.sequence + 1;
    }
  }

  /** One direct-get batch: a single request, ended by a message without a body. */
  private async read(from: number): Promise<{ batch: StoredMemory[]; pending: number }> {
    const replies = await this.nats.requestMany(
      `$JS.API.DIRECT.GET.${MEMORY_STREAM}`,
      JSON.stringify({ batch: BATCH, seq: from, next_by_subj: memoryFilter() }),
      { strategy: RequestStrategy.SentinelMsg, maxWait: BATCH_WAIT_MS },
    );
    const batch: StoredMemory[] = [];
    for await (const reply of replies) {
      if (reply instanceof Error) throw reply;
      const code = reply.headers?.code ?? 0;
      if (code === 404) return { batch, pending: 0 };
      if (code === 204) return { batch, pending: Number(reply.headers?.get('Nats-Num-Pending') || 0) };
      if (code !== 0) break;
      const subject = reply.headers?.get('Nats-Subject') ?? '';
      batch.push({ memory: parse(reply.data, subject), sequence: Number(reply.headers?.get('Nats-Sequence')) });
    }
    throw new PlatformError(
      'nats.unreachable',
      `reading ${MEMORY_STREAM} from sequence ${from} broke off; is NATS up?`,
    );
  }
}

function parse(data: Uint8Array, subject: string): Memory {
  try {
    return readMemory(JSON.parse(new TextDecoder().decode(data)), subject);
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    throw new PlatformError('memory.invalid', `the record ${subject} is not JSON`, { cause: error });
  }
}

/** `taken`: the id exists or is being written. `unknown`: it may have been recorded, or no leader was there to do so. */
function classify(error: unknown): 'taken' | 'unknown' | 'other' {
  if (!(error instanceof NatsError)) return 'other';
  if (error.api_error && WRONG_LAST_SEQUENCE.includes(error.api_error.err_code ?? 0)) return 'taken';
  return error.code === 'TIMEOUT' || error.code === '503' || error.api_error?.code === 503 ? 'unknown' : 'other';
}

function unreachable(subject: string, cause: unknown): PlatformError {
  return new PlatformError(
    'nats.unreachable',
    `no leader of ${MEMORY_STREAM} took ${subject} in ${ATTEMPTS} attempts`,
    {
      cause,
    },
  );
}
