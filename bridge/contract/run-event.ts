/** What is published of a journal entry: what happened, not what was said. Inputs and results stay in the journal. Pure. */
import type { Address } from '../../runtime/address.ts';
import type { JournaledEvent, Verdict } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { RunEvent } from './schemas.ts';

type Happening = RunEvent['events'][number];

export function runEvent({ run, path }: Address, entry: StoredEntry): RunEvent {
  const { seq, at, agent, subject, state } = entry;
  return { seq, at, run, path, agent, subject, state, events: entry.events.map(happening) };
}

function happening(event: JournaledEvent): Happening {
  const { type } = event;
  switch (type) {
    case 'admitted':
      return { type, worker: event.worker };
    case 'refused':
      return { type, worker: event.worker, ...refusal(event.verdicts) };
    case 'resumed':
      return { type, worker: event.worker };
    case 'deferred':
      return { type, worker: event.worker, reason: event.lacks };
    case 'model.replied': {
      const { ordinal, model, usage, report, escalation } = event;
      const calls = event.calls.map((call) => ({
        ordinal: call.ordinal,
        name: call.name,
        kind: call.kind,
        refused: refusal(call.verdicts).reason ?? null,
        ...(call.delegate && { path: call.delegate.path }),
      }));
      return {
        type,
        ordinal,
        model,
        usage: {
          input_tokens: usage.input_tokens,
          output_tokens: usage.output_tokens,
          cache_read_tokens: usage.cache_read_tokens,
          cache_write_tokens: usage.cache_write_tokens,
        },
        calls,
        ...(escalation && { rule: escalation.rule, reason: escalation.reason }),
        ...(report && { text: report.text }),
      };
    }
    case 'model.failed':
      return { type, ordinal: event.ordinal, error: event.error };
    case 'tool.settled':
      return {
        type,
        ordinal: event.ordinal,
        ok: event.ok,
        ...(event.created?.event && { event: event.created.event }),
      };
    case 'child.reported':
      return 'run' in event
        ? { type, child: event.run, outcome: event.outcome }
        : { type, path: event.path, outcome: event.report.outcome };
    case 'escalated': {
      const { rule, reason, task } = event.escalation;
      return { type, rule, reason, ...(task && { task: task.id }) };
    }
    case 'human.decided': {
      const { task, answer, by } = event.decision;
      return { type, worker: event.worker, task, answer, by, ...refusal(event.verdicts) };
    }
    case 'failed':
      return { type, error: event.error, ...('task' in event && event.task && { task: event.task.id }) };
    case 'retried':
      return { type, by: event.by };
    case 'cancelled':
      return { type, worker: event.worker, by: event.by, reason: event.reason };
    default:
      return { type };
  }
}

function refusal(verdicts: readonly Verdict[]): { rule?: string; reason?: string } {
  const broken = verdicts.find(({ ok }) => !ok);
  return broken ? { rule: broken.rule, reason: broken.reason } : {};
}
