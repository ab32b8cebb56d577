/** What a person's word becomes in the journal: judged by the definition that the invocation began with. */
import { PlatformError } from '../../config/errors.ts';
import { type InvocationContext, openTask } from '../../runtime/context/invocation.ts';
import type { Decision, Edits, InvocationEvent } from '../../runtime/journal/entry.ts';
import { judgeDecision } from '../../runtime/policy/decision.ts';
import { newTask } from '../../runtime/policy/task.ts';
import type { Runtime } from '../runtime.ts';
import { deadlineOf } from './deadline.ts';
import { judging } from './turn.ts';

/** The decision with every verdict on it; null when it is about no question that is open, or was refused before. */
export async function decidedEvent(
  runtime: Runtime,
  context: InvocationContext,
  { decision, edits }: { decision: Decision; edits: Edits | null },
): Promise<InvocationEvent | null> {
  const task = openTask(context);
  if (task === null || task.id !== decision.task || task.refused === decision.id) return null;
  const { other, ...means } = await judging(runtime, context);
  const judged = judgeDecision({ state: context, decision, edits, ...means });
  const verdicts = [...other.verdicts, ...judged.verdicts];
  return {
    type: 'human.decided',
    worker: runtime.worker,
    decision,
    ...judged,
    verdicts,
    ...(other.code && { code: other.code }),
  };
}

/** Ends an invocation that crashed too often or got no further, and asks whether it shall go on. */
export async function quarantined(
  runtime: Runtime,
  context: InvocationContext,
  error: { code: string; message: string },
): Promise<InvocationEvent> {
  if (!context.invocation) return { type: 'failed', error };
  const resolved = await runtime.catalog.resolved(context.definition).catch(() => null);
  if (resolved === null) return { type: 'failed', error };
  const task = newTask({
    resolved,
    state: context,
    kind: 'quarantine',
    rules: [error.code],
    question: `${context.invocation.agent} has failed: ${error.message}. Shall it go on from its journal?`,
    now: runtime.now().toISOString(),
  });
  return { type: 'failed', error, task };
}

/** An operator has a failed invocation go on: the answer to the question that its failure asked, where one is open. */
export async function retriedEvent(runtime: Runtime, context: InvocationContext, by: string): Promise<InvocationEvent> {
  const task = openTask(context);
  if (task?.kind === 'quarantine') {
    const at = runtime.now().toISOString();
    const { role } = task.decides;
    const decision: Decision = {
      id: runtime.id(),
      task: task.id,
      answer: 'approve',
      by,
      role,
      note: '',
      at,
    };
    const verdicts = [{ rule: 'human.may_decide', ok: true, reason: '' }];
    return { type: 'human.decided', worker: runtime.worker, decision, verdicts, calls: [], report: null };
  }
  const resolved = await runtime.catalog.resolved(context.definition).catch((error: unknown) => {
    if (error instanceof PlatformError) return null;
    throw error;
  });
  const deadline = deadlineOf(resolved?.definition.autonomy.budget, runtime.now());
  return { type: 'retried', by, ...(deadline && { deadline }) };
}
