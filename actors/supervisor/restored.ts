import type { ActorScope, AnyMachineSnapshot, AnyStateMachine } from 'xstate';

/**
 * Actor logic that begins at a folded snapshot instead of the machine's initial state: `spawn` itself ignores snapshots.
 * Effects that the snapshot has pending start anew when the actor starts.
 */
export function restored(machine: AnyStateMachine, snapshot: AnyMachineSnapshot): AnyStateMachine {
  const persisted = machine.getPersistedSnapshot(snapshot);
  return Object.create(machine, {
    getInitialSnapshot: {
      value: (scope: ActorScope<never, never>) => machine.restoreSnapshot(persisted as never, scope as never),
    },
  }) as AnyStateMachine;
}
