/** The index of long-term memory, counted scope by scope against what is recorded. */
import type { Redis } from 'ioredis';
import type { NatsConnection } from 'nats';
import { lexicalEmbedder } from '../../runtime/memory/embedder.ts';
import { Holdings } from '../../runtime/memory/holdings.ts';
import { MemoryIndex, type Scope } from '../../runtime/memory/index.ts';
import { MemoryRecord } from '../../runtime/memory/record.ts';
import { MEMORY_STREAM } from '../../runtime/subjects.ts';
import { type Finding, ok, plural, warn } from './finding.ts';

/** So many scopes are told by name. */
const NAMED = 5;

interface Counts extends Scope {
  recorded: number;
  hashes: number;
  vectors: number;
  /** The set is of another dimension, quantized, or no set at all. */
  fits: boolean;
}

export async function examineMemory(nc: NatsConnection, redis: Redis): Promise<Finding[]> {
  const scopes = await count(nc, redis);
  const sum = (of: (scope: Counts) => number) => scopes.reduce((total, scope) => total + of(scope), 0);
  const recorded = plural(
    sum((scope) => scope.recorded),
    'memory',
    'memories',
  );
  const indexed = `${sum(({ hashes }) => hashes)} with a hash and ${sum(({ vectors }) => vectors)} with a vector in Redis`;
  const wrong = scopes.filter((scope) => !isComplete(scope));
  const text = `${recorded} recorded, ${indexed} (${lexicalEmbedder.id})`;
  if (wrong.length === 0) return [ok('memory', text)];
  const remedy =
    'the next recall of that scope adds what is missing; `agent-platform memory rebuild` writes all of it anew';
  const more = wrong.length > NAMED ? [`and ${wrong.length - NAMED} more`] : [];
  return [warn('memory', `${text}: ${[...wrong.slice(0, NAMED).map(told), ...more].join('; ')}`, remedy)];
}

async function count(nc: NatsConnection, redis: Redis): Promise<Counts[]> {
  const manager = await nc.jetstreamManager();
  const scopes = new Map<string, Counts>();
  const of = ({ tenant, scope }: Scope): Counts => {
    const key = JSON.stringify([tenant, scope]);
    const counts = scopes.get(key) ?? { tenant, scope, recorded: 0, hashes: 0, vectors: 0, fits: true };
    scopes.set(key, counts);
    return counts;
  };
  for await (const { config } of manager.streams.list()) {
    if (config.name !== MEMORY_STREAM) continue;
    for (const each of await new MemoryRecord(nc, manager).scopes()) of(each).recorded = each.count;
  }
  // A key may come twice.
  const seen = new Set<string>();
  for await (const refs of new MemoryIndex(redis, lexicalEmbedder).all()) {
    for (const ref of refs) {
      const key = JSON.stringify([ref.tenant, ref.scope, ref.id]);
      if (!seen.has(key)) of(ref).hashes += 1;
      seen.add(key);
    }
  }
  const holdings = new Holdings(redis, lexicalEmbedder);
  for (const counts of scopes.values()) {
    const { vectors, fits } = await holdings.of(counts);
    Object.assign(counts, { vectors, fits });
  }
  return [...scopes.values()];
}

function isComplete({ recorded, hashes, vectors, fits }: Counts): boolean {
  return fits && hashes === recorded && vectors === recorded;
}

function told({ tenant, scope, recorded, hashes, vectors, fits }: Counts): string {
  const name = `${scope} of tenant ${tenant}`;
  if (!fits) return `${name} has vectors of another kind`;
  return `${name} has ${plural(recorded, 'memory', 'memories')}, ${plural(hashes, 'hash', 'hashes')}, ${plural(vectors, 'vector')}`;
}
