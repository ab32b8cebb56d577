/** What a worker does with an invocation that it cannot go on with: what the recorded definition names, it lacks. */
import type { SnapshotFrom } from 'xstate';
import { PlatformError } from '../../config/errors.ts';
import { type InvocationContext, openTask } from '../../runtime/context/invocation.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import type { Mail } from '../../runtime/mail/mail.ts';
import { type Received, received } from '../behaviour.ts';
import { hasEnded, stateOf, step } from '../fold.ts';
import type { Runtime } from '../runtime.ts';
import type { invocationMachine } from './machine.ts';
import { beginsWith, invokedEvent, meansOf } from './means.ts';
import { runningCalls } from './take.ts';

type Machine = typeof invocationMachine;
type Snapshot = SnapshotFrom<Machine>;
type Receive = (runtime: Runtime, snapshot: Snapshot, mail: Mail) => Promise<Received>;

/** Whether an activation has nothing to compute: it waits for mail, or it has ended. Pure. */
export function rests(snapshot: Snapshot): boolean {
  if (hasEnded(snapshot) || snapshot.value === 'waiting_for_human' || snapshot.value === 'backing_off') return true;
  return snapshot.value === 'acting' && runningCalls(snapshot.context).every((call) => call.kind === 'delegate');
}

/** A worker that lacks something takes only what needs no code of the pack: what ends an invocation, and what leaves it at rest. */
export async function asFarAsItCan(
  runtime: Runtime,
  snapshot: Snapshot,
  mail: Mail,
  receive: Receive,
): Promise<Received> {
  const lacks = await lackOf(runtime, snapshot.context, mail);
  if (lacks === null) return receive(runtime, snapshot, mail);
  const { context } = snapshot;
  const asksCode =
    mail.type === 'human.decided' && mail.decision.answer !== 'reject' && openTask(context)?.id === mail.decision.task;
  if (!asksCode) {
    const taken = await receive(runtime, snapshot, mail);
    if (!begins(snapshot, mail, taken)) return taken;
  }
  const { worker } = runtime;
  const deferred: InvocationEvent = { type: 'deferred', worker, lacks, at: runtime.now().toISOString() };
  // What was delegated has no journal before somebody takes it.
  const isNew = context.invocation === null && mail.type === 'invoke';
  const events = isNew ? [await invokedEvent(runtime, mail.invocation), deferred] : [deferred];
  return received({ found: 'known', deliver: context.deferred?.lacks.includes(lacks) ? [] : events, lacks });
}

/** Whether something is computed once the mail is taken. */
function begins(snapshot: Snapshot, mail: Mail, { found, deliver }: Received): boolean {
  if (found === 'new') return mail.type !== 'cancel';
  if (found === 'held') return !rests(snapshot);
  if (found !== 'open') return false;
  const after = deliver.reduce((at, event) => step(at.machine as Machine, at, event as never), snapshot);
  return stateOf(after) === 'thinking' || (stateOf(after) === 'acting' && !rests(after));
}

/** Why this worker cannot go on with the mail's receiver; null when it can, or when there is nothing to go on with. */
async function lackOf(runtime: Runtime, context: InvocationContext, mail: Mail): Promise<string | null> {
  if (context.invocation !== null) return lackedBy(runtime, context);
  if (mail.type !== 'invoke' || context.cancelled !== null) return null;
  const { invocation } = mail;
  const { digest: definition, code } = await beginsWith(runtime, invocation);
  return lackedBy(runtime, { invocation, definition, ...(code && { code }) });
}

async function lackedBy(runtime: Runtime, begun: Parameters<typeof meansOf>[1]): Promise<string | null> {
  // Of an agent that nobody defines, and of a definition that is lost, the machine says what becomes.
  const means = await meansOf(runtime, begun).catch((error: unknown) => {
    if (error instanceof PlatformError) return null;
    throw error;
  });
  return means !== null && 'lacks' in means ? means.lacks : null;
}
