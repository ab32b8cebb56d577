import type { CodeId } from '../definitions/release.ts';
import type {
  Decision,
  Deferred,
  Escalation,
  HumanTask,
  Invocation,
  JudgedCall,
  Timer,
  Verdict,
} from '../journal/entry.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ReplyBlock } from '../model/provider.ts';
import { type AgentReport, noUsage, type Usage } from '../report.ts';

/**
 * A judged call and how it stands: waiting for its turn, running, settled. A refused call is settled from the start:
 * its `result` is the refusal's reason.
 */
export interface CallState extends JudgedCall {
  status: 'pending' | 'running' | 'ok' | 'error';
  /** The tool's result, or the error text when `status` is `error`; null until it settled. */
  result: Json;
  created: { event?: { topic: string; id: string }; memory?: string } | null;
}

/** A question to a person, and what came of it. */
export interface TaskState extends HumanTask {
  /** The turn that it holds, by its ordinal. */
  turn: number;
  /** What was decided; null while it is open, or when it expired. */
  decision: Decision | null;
  expired: boolean;
  /** The id of the last decision that did not count. */
  refused: string | null;
  /** `fact_changes` when it was closed: an approval holds as long as the facts are those that the person saw. */
  facts: number;
}

export interface Deferral {
  /** ISO time. */
  since: string;
  lacks: string[];
}

/** Since when it is left to others, and why. */
export function deferredBy(before: Deferral | null | undefined, { at, lacks }: Deferred): Deferral {
  return { since: before?.since ?? at, lacks: [...(before?.lacks ?? []), lacks] };
}

/** One model turn and its calls. */
export interface TurnState {
  ordinal: number;
  content: ReplyBlock[];
  /** The id of the model that was asked, where its provider has one: reasoning is bound to it. */
  asked?: string;
  /**
   * The longest result that its prompt showed whole, in characters; null when more was left out of that to make it fit; absent
   * when nothing bounded it. Reasoning is bound to what stood before it.
   */
  bound?: number | null;
  calls: CallState[];
  /** Why the runtime sent the turn back although it made no call (a missing or invalid report); null otherwise. */
  correction: string | null;
  /** What a person said of the turn, for the agent to read after its results; null when nobody did. */
  remark: string | null;
}

/**
 * The context of the invocation machine: the fold of a journal. Plain JSON; policy, the composer and the machine read it,
 * only the machine's assigns write it.
 */
export interface InvocationContext {
  invocation: Invocation | null;
  definition: string;
  /** The code that it began with. Absent in journals that are older than that it is recorded. */
  code?: CodeId;
  agent_id: string;
  version: string;
  /** Claims so far: 1 for the admission, plus one per `resumed`. */
  claims: number;
  /** Claims since the last event that was none: taken up again without getting any further. */
  stalls: number;
  /** Since when workers leave it to others, and why: each reason once. Absent before the first, null when one goes on. */
  deferred?: Deferral | null;
  /** Delegation depth left. */
  remaining: number;
  /** The last step ordinal used; turns and calls are numbered from 1 in block order. */
  ordinal: number;
  turns: TurnState[];
  /** Delegations started so far; the next child's path is `<path>-<delegations + 1>`. */
  delegations: number;
  /** Handed-down facts, then own ones: tool name → latest result about the subject. */
  facts: JsonObject;
  /** How often a fact changed its value. */
  fact_changes: number;
  usage: Usage;
  /** What its own turns cost, in US dollars. */
  cost_usd: number;
  model: string | null;
  children: AgentReport[];
  report: { text: string; data: Json } | null;
  /** Turns sent back by the runtime in a row; the third ends the invocation. */
  corrections: number;
  /** Model attempts in a row that were not answered, and announced no wait. */
  failures: number;
  /**
   * Waits in a row that the model's API asked for. Absent before the first, so that journals without one keep the digests
   * that they were written with.
   */
  announced?: number;
  /**
   * How often this turn waited for a worker that may ask its model. Absent before the first such wait, for the same reason.
   */
  waits?: number;
  /** The timers that it waits for: to ask the model again, and for its own end. That of a question follows from the question. */
  timers: { retry: Timer | null; deadline: Timer | null };
  /** ISO time of the deadline before people took their time; null without one. */
  deadline: string | null;
  /** The name of the timer that fired last. */
  fired: string | null;
  verdicts: Verdict[];
  escalation: Escalation | null;
  /** Every question to a person, in order. */
  tasks: TaskState[];
  cancelled: { by: string; reason: string } | null;
  error: { code: string; message: string } | null;
}

/**
 * What an entry's digest is made over: which model a turn asked, and within what, stands in its event, and was not always kept
 * here.
 */
export function invocationDigestInput(context: InvocationContext): object {
  if (!context.turns.some(({ asked, bound }) => asked !== undefined || bound !== undefined)) return context;
  return { ...context, turns: context.turns.map(({ asked: _asked, bound: _bound, ...turn }) => turn) };
}

export function emptyInvocation(): InvocationContext {
  return {
    invocation: null,
    definition: '',
    agent_id: '',
    version: '',
    claims: 0,
    stalls: 0,
    remaining: 0,
    ordinal: 0,
    turns: [],
    delegations: 0,
    facts: {},
    fact_changes: 0,
    usage: noUsage(),
    cost_usd: 0,
    model: null,
    children: [],
    report: null,
    corrections: 0,
    failures: 0,
    timers: { retry: null, deadline: null },
    deadline: null,
    fired: null,
    verdicts: [],
    escalation: null,
    tasks: [],
    cancelled: null,
    error: null,
  };
}

/** The question that waits for a person; null when none does. One about a failure goes before the one that it interrupted. */
export function openTask({ tasks }: Pick<InvocationContext, 'tasks'>): TaskState | null {
  return tasks.findLast(({ decision, expired }) => decision === null && !expired) ?? null;
}

/** The timer of the open question; null without one, or when it never expires. */
export function dueTimer({ tasks }: Pick<InvocationContext, 'tasks'>): Timer | null {
  const task = openTask({ tasks });
  return task === null || task.due === null ? null : { name: `due-${tasks.indexOf(task) + 1}`, at: task.due };
}

export const MAX_CORRECTIONS = 2;
