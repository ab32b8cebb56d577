import { setTimeout as delay } from 'node:timers/promises';
import { type JetStreamManager, type NatsConnection, NatsError } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { Publisher, type WhenFull } from '../bus/publish.ts';
import { MEMORY_STREAM, memoryFilter, memorySubject, parseMemorySubject, scopeFilter } from '../subjects.ts';
import { readMemory } from './check.ts';
import type { Scope } from './index.ts';
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
const WAIT_MS = 5_000;

export interface Recorded {
  memory: Memory;
  created: boolean;
}

export class MemoryRecord {
  private readonly nc: NatsConnection;
  private readonly publishers: Record<WhenFull, Publisher>;
  private readonly jsm: JetStreamManager;

  constructor(nats: NatsConnection, jsm: JetStreamManager) {
    this.nc = nats;
    this.publishers = { wait: new Publisher(nats), refuse: new Publisher(nats, 'refuse') };
    this.jsm = jsm;
  }

  async create(memory: Memory, whenFull: WhenFull = 'wait'): Promise<Recorded> {
    const publisher = this.publishers[whenFull];
    const { tenant, scope, id } = memory;
    for (let attempt = 1; ; attempt++) {
      if (await publisher.once({ subject: memorySubject(tenant, scope, id), stream: MEMORY_STREAM }, memory))
        return { memory, created: true };
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
    return (await this.read(memorySubject(tenant, scope, id)))?.memory ?? null;
  }

  /** Every memory, oldest first. Those that are none are left out. */
  async all(): Promise<Memory[]> {
    const subjects = Object.keys(await this.subjects(memoryFilter()));
    const stored = await Promise.all(subjects.map((subject) => this.read(subject).catch(noneWhenInvalid)));
    const found = stored.filter((each) => each !== null);
    return found.sort((a, b) => a.sequence - b.sequence).map(({ memory }) => memory);
  }

  private async read(subject: string): Promise<{ memory: Memory; sequence: number } | null> {
    try {
      const { data, seq } = await this.jsm.streams.getMessage(MEMORY_STREAM, { last_by_subj: subject });
      return { memory: parse(data, subject), sequence: seq };
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.code === 404) return null;
      throw error;
    }
  }

  /** When the stream was created: a new stream of the same name is another record. */
  async created(): Promise<string> {
    return (await this.jsm.streams.info(MEMORY_STREAM)).created;
  }

  /** How many messages a scope has. Any replica may answer, and be a little behind. */
  async count({ tenant, scope }: Scope): Promise<number> {
    const request = JSON.stringify({ batch: 1, seq: 1, next_by_subj: scopeFilter(tenant, scope) });
    const { headers } = await this.nc.request(`$JS.API.DIRECT.GET.${MEMORY_STREAM}`, request, { timeout: WAIT_MS });
    if (headers?.code === 404) return 0;
    const pending = headers?.get('Nats-Num-Pending');
    if (!pending) throw new PlatformError('nats.unreachable', `the memories of ${scope} could not be counted`);
    return Number(pending) + 1;
  }

  /** The ids of a scope as the stream's leader has them, and of how many messages they are. */
  async ids({ tenant, scope }: Scope): Promise<{ ids: string[]; messages: number }> {
    const subjects = await this.subjects(scopeFilter(tenant, scope));
    const ids = Object.keys(subjects).flatMap((subject) => parseMemorySubject(subject)?.id ?? []);
    return { ids, messages: Object.values(subjects).reduce((sum, count) => sum + count, 0) };
  }

  /** Every scope that has memories, with how many. */
  async scopes(): Promise<(Scope & { count: number })[]> {
    const scopes = new Map<string, Scope & { count: number }>();
    for (const subject of Object.keys(await this.subjects(memoryFilter()))) {
      const ref = parseMemorySubject(subject);
      if (ref === null) continue;
      const { tenant, scope } = ref;
      const key = `${tenant}.${scope}`;
      scopes.set(key, { tenant, scope, count: (scopes.get(key)?.count ?? 0) + 1 });
    }
    return [...scopes.values()];
  }

  /** The memories under these ids, as the leader has them; those that are none are left out. */
  async load({ tenant, scope }: Scope, ids: readonly string[]): Promise<Memory[]> {
    const found = await Promise.all(ids.map((id) => this.find(tenant, scope, id).catch(noneWhenInvalid)));
    return found.filter((memory) => memory !== null);
  }

  private async subjects(filter: string): Promise<Record<string, number>> {
    const { state } = await this.jsm.streams.info(MEMORY_STREAM, { subjects_filter: filter });
    return state.subjects ?? {};
  }
}

/** One wrong message must not keep all the others from being found. */
function noneWhenInvalid(error: unknown): null {
  if (error instanceof PlatformError && error.code === 'memory.invalid') return null;
  throw error;
}

function parse(data: Uint8Array, subject: string): Memory {
  try {
    return readMemory(JSON.parse(new TextDecoder().decode(data)), subject);
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    throw new PlatformError('memory.invalid', `the record ${subject} is not JSON`, { cause: error });
  }
}
