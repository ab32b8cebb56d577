/** What runs left outside of their journals, events and memories, held against what the journals say. Pure. */
import type { Expected, RunTold } from './oracle.ts';
import type { Records } from './records.ts';
import type { Fault, Told, ToldInvocation } from './told.ts';

/** An event or a memory: `kind` is the topic, or `memory`. */
interface Effect {
  kind: string;
  id: string;
  /** Which run it says to be of; null when it doesn't say. */
  run: string | null;
}

export type EffectFault = Omit<Fault, 'shown'> & { told: Told | null };

const MEMORY = 'memory';

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
  for (const effect of found) {
    const key = `${effect.kind} ${effect.id}`;
    counted.set(key, (counted.get(key) ?? 0) + 1);
    const maker = makerOf(effect, makers);
    const told = maker ?? (effect.run === null ? null : rootOf(runs, effect.run));
    const cancelled = maker ? null : afterCancel(effect, all);
    if (cancelled) faults.push({ kind: 'wrong', message: `${key} came after the cancel`, told: cancelled });
    else if (!maker) faults.push({ kind: 'twice', message: `no journal made ${key}`, told });
    if (counted.get(key) === 2) faults.push({ kind: 'twice', message: `${key} is there twice`, told });
  }
  for (const told of all.values()) {
    if (told.kind !== 'invocation') continue;
    for (const key of made(told)) if (!counted.has(key)) faults.push({ kind: 'lost', message: `${key} is gone`, told });
  }
  for (const run of runs) faults.push(...asExpected(run, found, makers, expected));
  return faults;
}

function eventEffect({ topic, id, data }: Records['events'][number]): Effect {
  const run = typeof data === 'object' && data !== null && 'run' in data ? String(data.run) : null;
  return { kind: topic, id, run };
}

/** What people and data folders brought along is of no run. */
function memoryEffect({ id, source }: Records['memories'][number]): Effect[] {
  const slash = source.lastIndexOf('/');
  return slash === -1 ? [] : [{ kind: MEMORY, id, run: source.slice(0, slash) }];
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

/** Beside that: its report as an event, and what it started and never heard of again. */
function mayHaveMade(told: ToldInvocation): string[] {
  const { context, address, state, started } = told;
  const keys = made(told);
  const step = `${address.run}-${address.path}`;
  for (const { ordinal, status, input } of context.turns.flatMap(({ calls }) => calls)) {
    if (!started.has(ordinal) || status === 'ok' || status === 'error') continue;
    const topic = (input as { topic?: string } | null)?.topic;
    keys.push(`${MEMORY} ${step}-${ordinal}`, `${topic} ${step}-${ordinal}`);
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
  const id = run.root.address.run;
  const faults: EffectFault[] = [];
  for (const [kind, count] of Object.entries(expected(run))) {
    const own = found.filter(
      (effect) => effect.kind === kind && (makerOf(effect, makers)?.address.run ?? effect.run) === id,
    );
    const [least, most] = typeof count === 'number' ? [count, count] : [0, count.most];
    if (own.length >= least && own.length <= most) continue;
    const message = `${own.length} of ${kind} instead of ${most}`;
    faults.push({ kind: own.length < least ? 'lost' : 'twice', message, told: run.root });
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

/**
 * The cancelled invocation whose step the effect names, although its journal had not started that step when the cancel was
 * appended. What had been started may still come: it cannot be called back.
 */
function afterCancel({ id }: Effect, all: ReadonlyMap<string, Told>): Told | null {
  for (const told of all.values()) {
    const { run, path } = told.address;
    // A child's step begins with its own path: `0-1-4` is step 4 of `0-1`, and never step `1-4` of `0`.
    const step = told.state === 'cancelled' && id.startsWith(`${run}-${path}-`) && id.slice(`${run}-${path}-`.length);
    if (step && /^(\d+|report)$/.test(step)) return told;
  }
  return null;
}
