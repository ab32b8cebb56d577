/** Which events on topics a journal stands for: what its settled calls emitted, and its report where a topic carries it. */
import type { StoredEntry } from '../runtime/journal/journal.ts';
import type { TopicEvent } from '../runtime/topics/topics.ts';
import { fold } from './fold.ts';
import { invocationBehaviour } from './invocation/behaviour.ts';
import { callEvent } from './invocation/event.ts';
import { invocationMachine } from './invocation/machine.ts';
import type { Runtime } from './runtime.ts';

/**
 * Every event that an invocation's entries say was emitted, each with the time of the entry that says so. A call that
 * has not settled is not among them: whoever takes the invocation up emits it.
 * @throws PlatformError `agent.unknown` when the definition of an invocation that reported is no longer recorded
 */
export async function eventsOf(runtime: Runtime, entries: StoredEntry[]): Promise<TopicEvent[]> {
  const { snapshot } = fold(invocationMachine, entries);
  const { invocation, turns } = snapshot.context;
  if (!invocation) return [];
  const { definition } = snapshot.context;
  const resolved = definition === '' ? {} : await runtime.catalog.resolved(definition);
  const settledAt = new Map<number, string>();
  for (const { at, events } of entries) {
    for (const event of events) if (event.type === 'tool.settled') settledAt.set(event.ordinal, at);
  }
  const emitted = turns.flatMap(({ calls }) =>
    calls.flatMap((call) => {
      const id = call.created?.event?.id;
      const at = settledAt.get(call.ordinal);
      return id === undefined || at === undefined ? [] : [{ ...callEvent(invocation, call, id, resolved), at }];
    }),
  );
  if (snapshot.status !== 'done') return emitted;
  // What it sent when it ended: of that only events are wanted here.
  const ended = await invocationBehaviour(runtime, invocationMachine).sends(snapshot, snapshot, true);
  const at = entries.at(-1)?.at ?? '';
  return [...emitted, ...ended.flatMap((send) => (send.kind === 'event' ? [{ ...send.event, at }] : []))];
}
