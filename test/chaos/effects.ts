/** What runs left outside of their journals, events and memories, held against what the journals say. Pure. */
import { addressKey } from '../../runtime/address.ts';
import type { Expected, RunTold } from './oracle.ts';
import type { Records } from './records.ts';
import type { Fault, Told, ToldInvocation } from './told.ts';

/** An event or a memory: `kind` is the topic, or `memory`. */
interface Effect {
  kind: string;
  id: string;
  /** Which run it says to be of; null when it doesn't say. */
  run: string | null;
  /** Milliseconds; null for what carries no time of its own. */
  at: number | null;
}

export type EffectFault = Omit<Fault, 'shown'> & { told: Told | null };

const MEMORY = 'memory';
/** An emit that had begun when the cancel was appended. */
const IN_FLIGHT_MS = 250;

export function effects(
  records: Records,
  runs: RunTold[],
  all: ReadonlyMap<string, Told>,
  expected: Expected,
): EffectFault[] {
  const faults: EffectFault[] = [];
  const found = [...records.events.map(eventEffect), ...records.memories.flatMap(memoryEffect)];
  const makers = new Map<string, ToldInvocation>();
  for (const told of all.values()) {
    if (told.kind === 'invocation') for (const key of mayHaveMade(told)) makers.set(key, told);
  }
  const counted = new Map<string, number>();
  const cancelled = cancelTimes(all);
  for (const effect of found) {
    const key = `${effect.kind} ${effect.id}`;
    counted.set(key, (counted.get(key) ?? 0) + 1);
    const maker = makerOf(effect, makers);
    const told = maker ?? (effect.run === null ? null : rootOf(runs, effect.run));
    if (!maker) faults.push({ kind: 'twice', message: `no journal made ${key}`, told });
    if (counted.get(key) === 2) faults.push({ kind: 'twice', message: `${key} is there twice`, told });
    const end = maker && cancelled.get(addressKey(maker.address));
    if (end !== undefined && effect.at !== null && effect.at > end + IN_FLIGHT_MS) {
      faults.push({ kind: 'wrong', message: `${key} came after the cancel`, told });
    }
  }
  for (const told of all.values()) {
    if (told.kind !== 'invocation') continue;
    for (const key of made(told)) if (!counted.has(key)) faults.push({ kind: 'lost', message: `${key} is gone`, told });
  }
  for (const run of runs) faults.push(...asExpected(run, found, makers, expected));
  return faults;
}

function eventEffect({ topic, id, at, data }: Records['events'][number]): Effect {
  const run = typeof data === 'object' && data !== null && 'run' in data ? String(data.run) : null;
  return { kind: topic, id, run, at };
}

/** What people and data folders brought along is of no run. */
function memoryEffect({ id, source }: Records['memories'][number]): Effect[] {
  const slash = source.lastIndexOf('/');
  return slash === -1 ? [] : [{ kind: MEMORY, id, run: source.slice(0, slash), at: null }];
}

/** What an invocation's journal says that it made. */
function made({ context }: ToldInvocation): string[] {
  return context.turns.flatMap(({ calls }) =>
    calls.flatMap(({ created }) => [
      ...(created?.event ? [`${created.event.topic} ${created.event.id}`] : []),
      ...(created?.memory ? [`${MEMORY} ${created.memory}`] : []),
    ]),
  );
}

/** Beside that: its report as an event, and the call that ran when it was ended from outside. */
function mayHaveMade(told: ToldInvocation): string[] {
  const { context, address, state, ended } = told;
  const keys = made(told);
  const topics = context.turns.flatMap(({ calls }) =>
    calls.map(({ input }) => (input as { topic?: string } | null)?.topic),
  );
  const step = `${address.run}-${address.path}`;
  for (const call of context.turns.at(-1)?.calls ?? []) {
    if (call.status !== 'running' || (ended && state === 'completed')) continue;
    for (const kind of [MEMORY, ...topics]) keys.push(`${kind} ${step}-${call.ordinal}`);
  }
  if (state === 'completed') keys.push(`report ${step}-report`);
  return keys;
}

function asExpected(
  run: RunTold,
  found: Effect[],
  makers: ReadonlyMap<string, ToldInvocation>,
  expected: Expected,
): EffectFault[] {
  const counts = expected(run);
  if (!counts) return [];
  const id = run.root.address.run;
  const faults: EffectFault[] = [];
  for (const [kind, count] of Object.entries(counts)) {
    const own = found.filter(
      (effect) => effect.kind === kind && (makerOf(effect, makers)?.address.run ?? effect.run) === id,
    );
    if (own.length === count) continue;
    const message = `${own.length} of ${kind} instead of ${count}`;
    faults.push({ kind: own.length < count ? 'lost' : 'twice', message, told: run.root });
  }
  return faults;
}

/** Whose journal names the effect, or ended with the report that it carries. */
function makerOf({ kind, id }: Effect, makers: ReadonlyMap<string, ToldInvocation>): ToldInvocation | undefined {
  return makers.get(`${kind} ${id}`) ?? makers.get(`report ${id}`);
}

function rootOf(runs: RunTold[], run: string): Told | null {
  return runs.find(({ root }) => root.address.run === run)?.root ?? null;
}

/** When each cancelled invocation was. */
function cancelTimes(all: ReadonlyMap<string, Told>): Map<string, number> {
  const times = new Map<string, number>();
  for (const [key, { entries }] of all) {
    const entry = entries.find(({ events }) => events.some(({ type }) => String(type) === 'cancelled'));
    if (entry) times.set(key, Date.parse(entry.at));
  }
  return times;
}
