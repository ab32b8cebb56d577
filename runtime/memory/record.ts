import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamManager, type NatsConnection, NatsError, RequestStrategy } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { Publisher, type WhenFull } from '../bus/publish.ts';
import { MEMORY_STREAM, memoryFilter, memorySubject } from '../subjects.ts';
import { readMemory } from './check.ts';
import type { Memory } from './memory.ts';

/**
 * The MEMORY stream: what was remembered, once and for good. Redis only indexes it.
 *
 * 1. A memory is created at most once: published with expected-last-subject-sequence 0 on a subject of its own.
 * 2. The first one recorded under an id is the memory; a repeat gets it back, whatever the repeat said.
 * 3. An append whose ack was lost is sent again: by 1 it cannot double. (`created` is then false for what we did create.)
 */
const ATTEMPTS = 50;
const PAUSE_MS = 100;
const BATCH = 256;
const BATCH_WAIT_MS = 30_000;

export interface Recorded {
  memory: Memory;
  created: boolean;
}

export interface StoredMemory {
  /** Null for a message that is no memory. */
  memory: Memory | null;
  /** Stream sequence. */
  sequence: number;
}

export class MemoryRecord {
  private readonly nats: NatsConnection;
  private readonly publishers: Record<WhenFull, Publisher>;
  private readonly jsm: JetStreamManager;

  constructor(nats: NatsConnection, jsm: JetStreamManager) {
    this.nats = nats;
    this.publishers = { wait: new Publisher(nats), refuse: new Publisher(nats, 'refuse') };
    this.jsm = jsm;
  }

  async create(memory: Memory, whenFull: WhenFull = 'wait'): Promise<Recorded> {
    const publisher = this.publishers[whenFull];
    const { tenant, scope, id } = memory;
    for (let attempt = 1; ; attempt++) {
      if (await publisher.once(memorySubject(tenant, scope, id), memory)) return { memory, created: true };
      const stored = await this.find(tenant, scope, id);
      if (stored) return { memory: stored, created: false };
      // Refused because another writer's copy is on its way through the replicas.
      if (attempt === ATTEMPTS)
        throw new PlatformError('nats.unreachable', `memory ${id} is neither taken nor refused`);
      await delay(PAUSE_MS);
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
      batch.push({ memory: readable(reply.data, subject), sequence: Number(reply.headers?.get('Nats-Sequence')) });
    }
    throw new PlatformError(
      'nats.unreachable',
      `reading ${MEMORY_STREAM} from sequence ${from} broke off; is NATS up?`,
    );
  }
}

/** Null for a record that is none: one wrong message must not keep all the others from being found. */
function readable(data: Uint8Array, subject: string): Memory | null {
  try {
    return parse(data, subject);
  } catch {
    return null;
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
