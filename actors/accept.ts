import { type AnyStateMachine, type EventObject, initialTransition, type SnapshotFrom } from 'xstate';
import type { Mailbox } from '../runtime/address.ts';
import {
  ENTRY_VERSION,
  type Entry,
  type Invocation,
  type JournaledEvent,
  type Trace,
} from '../runtime/journal/entry.ts';
import { contextDigest, stateOf, step } from './fold.ts';
import { invocationMachine } from './invocation/machine.ts';
import { invokedEvent } from './invocation/means.ts';
import type { Runtime } from './runtime.ts';

/**
 * Accepts a root: appends its `invoked` behind nothing, which makes the run id an idempotency key, then posts the start.
 * Returns false when the run existed already; its start is posted all the same, and refused while one is queued, so a
 * door that died between the two is made good by the next try.
 */
export async function accept<M extends AnyStateMachine>(
  runtime: Runtime,
  machine: M,
  to: Mailbox,
  subject: string | null,
  invoked: JournaledEvent,
  trace: Trace,
): Promise<boolean> {
  const [initial] = initialTransition(machine, undefined as never);
  const snapshot = step(machine, initial as SnapshotFrom<M>, invoked as EventObject);
  const entry: Entry = {
    v: ENTRY_VERSION,
    at: runtime.now().toISOString(),
    ...(runtime.whoseTime() === 'nats' && { clock: 'nats' as const }),
    writer: runtime.worker,
    key: runtime.id(),
    agent: to.agent,
    subject,
    events: [invoked],
    state: stateOf(snapshot),
    digest: contextDigest(snapshot),
  };
  const { status } = await runtime.journal.append(to, entry, 0);
  await runtime.mailer.start(to, trace);
  return status === 'appended';
}

/** Accepts the root of an agent's run. */
export async function acceptRun(runtime: Runtime, invocation: Invocation): Promise<boolean> {
  const to = { ...invocation.address, agent: invocation.agent };
  return accept(
    runtime,
    invocationMachine,
    to,
    invocation.subject,
    await invokedEvent(runtime, invocation),
    invocation.trace,
  );
}
