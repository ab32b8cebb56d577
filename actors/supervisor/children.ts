/**
 * The supervisor's children: an actor that spawns, restarts and stops every activation, and holds the table of them.
 *
 * 1. A claim and an end cost the same however many children live. A machine would copy the table of its children with each
 *    one that comes or goes, so this is actor logic of its own, with a map.
 * 2. A child that ends, parks or is fenced out is stopped and forgotten: its journal is all that remains.
 * 3. A child that crashed waits here for its restart. It computes nothing meanwhile, and whatever ends it ends the wait.
 * 4. The error of a child is handled here, or it would climb to the root and end every sibling.
 */
import {
  type ActorScope,
  type AnyActorLogic,
  type AnyActorRef,
  type ActorSystem,
  createActor,
  fromTransition,
  type TransitionSnapshot,
} from 'xstate';

/** How an activation of a child ended on this worker. */
export type ChildEnd =
  | 'parked'
  | 'completed'
  | 'escalated'
  | 'refused'
  | 'failed'
  | 'cancelled'
  | 'fenced'
  | 'crashed'
  | 'stopped';

export type ChildEvent =
  | { type: 'child.claimed'; key: string; logic: AnyActorLogic }
  /** It crashed, and is due again after the delay. */
  | { type: 'child.restarting'; key: string; delayMs: number }
  | { type: 'child.due'; key: string }
  | { type: 'child.ended'; key: string }
  | { type: 'xstate.stop' }
  | { type: `xstate.error.actor.${string}`; actorId: string; error: unknown };

export type ChildEmitted = { type: 'child.crashed'; key: string; error: unknown } | { type: 'child.due'; key: string };

/** The live actor of each child; null while it waits for its restart. */
export type Children = Map<string, AnyActorRef | null>;

type System = ActorSystem<never>;
type Scope = ActorScope<TransitionSnapshot<Children>, ChildEvent, System, ChildEmitted>;

export const childrenLogic = fromTransition<Children, ChildEvent, System, undefined, ChildEmitted>(
  (children, event, scope) => {
    take(children, event, scope);
    return children;
  },
  () => new Map(),
);

function take(children: Children, event: ChildEvent, scope: Scope): void {
  switch (event.type) {
    case 'child.claimed':
      forget(children, event.key, scope);
      children.set(event.key, spawned(event, scope));
      return;
    case 'child.restarting':
      forget(children, event.key, scope);
      children.set(event.key, null);
      scope.system.scheduler.schedule(
        scope.self,
        scope.self,
        { ...event, type: 'child.due' },
        event.delayMs,
        event.key,
      );
      return;
    case 'child.due':
      scope.emit({ type: 'child.due', key: event.key });
      return;
    case 'child.ended':
      forget(children, event.key, scope);
      return;
    case 'xstate.stop':
      for (const key of children.keys()) forget(children, key, scope);
      return;
    default:
      if ('actorId' in event) scope.emit({ type: 'child.crashed', key: event.actorId, error: event.error });
  }
}

function spawned({ key, logic }: { key: string; logic: AnyActorLogic }, { self, defer }: Scope): AnyActorRef {
  const child = createActor(logic, { id: key, parent: self });
  defer(() => child.start());
  return child;
}

function forget(children: Children, key: string, { self, system, stopChild }: Scope): void {
  const child = children.get(key);
  if (child) stopChild(child);
  if (child === null) system.scheduler.cancel(self, key);
  children.delete(key);
}
