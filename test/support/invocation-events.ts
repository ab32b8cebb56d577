/** Journaled events of an invocation, and the snapshot that they fold to. */
import type { SnapshotFrom } from 'xstate';
import { emptyFold, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import type {
  Decision,
  Escalation,
  HumanTask,
  InvocationEvent,
  JudgedCall,
  Verdict,
} from '../../runtime/journal/entry.ts';
import { sampleInvocation } from './samples.ts';

export const invoked: InvocationEvent = {
  type: 'invoked',
  invocation: sampleInvocation(),
  definition: 'd1',
  agent_id: 'librarian-1',
  version: '1.0.0',
};
export const admitted: Extract<InvocationEvent, { type: 'admitted' }> = {
  type: 'admitted',
  worker: 'w',
  verdicts: [{ rule: 'r', ok: true, reason: '' }],
  remaining: 1,
};

export type Replied = Extract<InvocationEvent, { type: 'model.replied' }>;
export function replied(change: Partial<Replied> = {}): Replied {
  return {
    type: 'model.replied',
    ordinal: 1,
    model: 'rehearsal',
    content: [],
    stop_reason: 'tool_use',
    usage: { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 },
    prompt: { composer: 1, digest: 'p' },
    calls: [],
    verdicts: [],
    escalation: null,
    report: null,
    ...change,
  };
}

export function call(ordinal: number, kind: JudgedCall['kind'], verdicts: Verdict[] = []): JudgedCall {
  const delegate = kind === 'delegate' ? { delegate: { agent: 'finder', path: '0-1' } } : {};
  return { ordinal, id: `c${ordinal}`, name: kind, kind, input: {}, verdicts, ...delegate };
}

export function settled(ordinal: number, ok = true): InvocationEvent {
  return { type: 'tool.settled', ordinal, ok, result: ok ? { n: ordinal } : 'broken', fact: null, created: null };
}

export function after(...events: InvocationEvent[]): SnapshotFrom<typeof invocationMachine> {
  return events.reduce(
    (snapshot, event) => step(invocationMachine, snapshot, event),
    emptyFold(invocationMachine).snapshot,
  );
}

export function statuses(snapshot: ReturnType<typeof after>): string[] {
  return snapshot.context.turns.at(-1)?.calls.map(({ status }) => status) ?? [];
}

export const TASK: HumanTask = {
  id: 'r1.0.1',
  kind: 'approval',
  rules: ['unclear'],
  question: 'two sources differ',
  decides: { name: 'Ada', role: 'operator' },
  opened: '2026-11-16T06:00:00.000Z',
  due: '2026-11-18T06:00:00.000Z',
  on_expiry: 'refuse',
};

/** The turn is held, and a person is asked. */
export function asks(change: Partial<Replied> = {}, task: Partial<HumanTask> = {}): InvocationEvent[] {
  const escalation: Escalation = {
    rule: 'unclear',
    target: 'human',
    reason: TASK.question,
    task: { ...TASK, ...task },
  };
  return [replied({ ...change, escalation }), { type: 'escalated', escalation }];
}

type Decided = Extract<InvocationEvent, { type: 'human.decided' }>;

export function decided(
  answer: Decision['answer'],
  change: Partial<Omit<Decided, 'decision' | 'type'>> = {},
  decision: Partial<Decision> = {},
): Decided {
  const at = '2026-11-17T06:00:00.000Z';
  return {
    type: 'human.decided',
    worker: 'w',
    decision: { id: `d-${answer}`, task: TASK.id, answer, by: 'Ada', role: null, note: '', at, ...decision },
    verdicts: [{ rule: 'human.may_decide', ok: true, reason: '' }],
    calls: [],
    report: null,
    ...change,
  };
}

export const cancelled: InvocationEvent = { type: 'cancelled', worker: 'w', by: 'Ada', reason: 'not needed' };
