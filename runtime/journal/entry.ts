import type { Address } from '../address.ts';
import type { CodeId } from '../definitions/release.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Bounds, Fitted } from '../model/bounds.ts';
import type { ReplyBlock, SentRequest } from '../model/provider.ts';
import type { AgentReport } from '../report.ts';
import type { Decision, Escalation, HumanTask } from './human.ts';

export type { Deciders, Decision, Edits, Escalation, HumanTask, OnExpiry } from './human.ts';

/** One rule's answer, as it was when the event was made. Guards read verdicts; they never evaluate a rule again. */
export interface Verdict {
  rule: string;
  ok: boolean;
  /** What was found, in words; empty when the rule holds, or who approved what it asks about. */
  reason: string;
}

/** Who started an invocation and is told its report. */
export interface Parent {
  run: string;
  path: string;
  agent: string;
}

/** W3C trace context and the caller's correlation id, carried from the door to the last event. */
export interface Trace {
  correlation_id: string;
  traceparent?: string;
}

/** What an invocation is asked to do: all of it comes from the door or from the parent's journal. */
export interface Invocation {
  address: Address;
  agent: string;
  instructions: string;
  payload: JsonObject;
  subject: string | null;
  /** ISO date. */
  as_of: string;
  /** The data folder that tools read, as an absolute path; null for packs without one. */
  data: string | null;
  parent: Parent | null;
  /** Agents above this one in the same run, root first. */
  ancestors: string[];
  /** Delegation depth that the parent has left, null for a root. */
  parent_remaining: number | null;
  /** Agents that the parent may start, null for a root. */
  parent_allows: string[] | null;
  /** Facts handed down by the parent. They cannot be overridden. */
  facts: JsonObject;
  /** The thread that a root belongs to, and its window of earlier runs as the door read it. */
  thread?: { id: string; turns: ThreadTurn[] };
  /** What the parent lets it use up; absent for a root. */
  grant?: Grant;
  /** Which model answers, by its provider's name: the one that the run began with, on whatever worker. */
  model?: string;
  /** The release of the pack that the run began with, by digest: what is delegated begins with the same. */
  release?: string;
  trace: Trace;
}

/** One earlier run of a thread: what was asked and what was reported. */
export interface ThreadTurn {
  run: string;
  as_of: string;
  instructions: string;
  payload: JsonObject;
  report: string;
}

/** A call of one model turn, judged before any of them starts. */
export interface JudgedCall {
  /** Step ordinal: turns and calls of an invocation counted in block order. */
  ordinal: number;
  /** The model's own id for the call. */
  id: string;
  name: string;
  kind: 'read' | 'emit' | 'store' | 'delegate' | 'escalate' | 'report';
  input: Json;
  /** The first failing verdict refuses the call: its reason is the tool error that the model reads. */
  verdicts: Verdict[];
  /** For an admitted delegation: who is started, at which path, and what it may use up. */
  delegate?: { agent: string; path: string; grant?: Grant };
}

/** What an invocation and all below it may use up; null is unlimited. */
export interface Grant {
  turns: number | null;
  tokens: number | null;
  usd: number | null;
  /** Delegations, at any depth. */
  children: number | null;
}

/** A timer of an invocation: `name` tells it from earlier ones, `at` is an ISO time. */
export interface Timer {
  name: string;
  at: string;
}

/** Which prompt was sent: by which composer, its SHA-256, and in what form, where the model's provider has one of its own. */
export interface Prompt {
  composer: number;
  digest: string;
  sent?: SentRequest;
  /** Within what it was composed; absent for a model without a window. */
  bounds?: Bounds;
  /** What was left out so that it fits; absent when it fitted as it was. */
  fitted?: Fitted;
}

/**
 * A worker that cannot go on with it leaves it to others: its mail comes again, soon at first and each minute then, and only
 * a worker that can takes it. Each reason stands in the journal once, until somebody goes on.
 */
export interface Deferred {
  type: 'deferred';
  worker: string;
  /** Why it cannot. */
  lacks: string;
  /** ISO time. */
  at: string;
}

/** Machine events of an invocation, as they are journaled. */
export type InvocationEvent =
  /** `code`: that of the pack that it begins with. */
  | { type: 'invoked'; invocation: Invocation; definition: string; agent_id: string; version: string; code?: CodeId }
  /** `deadline`: by when it must have ended. Here and below, `code` is the worker's, where another one began it. */
  | { type: 'admitted'; worker: string; verdicts: Verdict[]; remaining: number; deadline?: Timer; code?: CodeId }
  | { type: 'refused'; worker: string; verdicts: Verdict[]; code?: CodeId }
  | Deferred
  | { type: 'resumed'; worker: string; delivery: number }
  | {
      type: 'model.replied';
      ordinal: number;
      model: string;
      content: ReplyBlock[];
      stop_reason: string;
      usage: { input_tokens: number; output_tokens: number; cache_read_tokens: number; cache_write_tokens: number };
      /** What the turn cost in US dollars; absent when the model has no price. */
      cost_usd?: number;
      /** ISO date of the prices by which `cost_usd` was computed; earlier releases did not write it down. */
      prices_as_of?: string;
      /** The provider's id of the exchange. */
      request_id?: string;
      prompt: Prompt;
      /** In block order. */
      calls: JudgedCall[];
      /** Rules about the turn as a whole: escalation conditions, turns left, the report's schema. */
      verdicts: Verdict[];
      /** Set when a rule sends this turn to a person or to the parent instead of letting it take effect. */
      escalation: Escalation | null;
      /** Set when the turn reports; with an escalation, it is what the invocation would report. */
      report: { text: string; data: Json } | null;
      code?: CodeId;
    }
  | {
      type: 'model.failed';
      ordinal: number;
      error: { code: string; message: string };
      /** When it is asked again, and by which timer; null when it is not. */
      retry: Timer | null;
      /** Set when the API asked for the wait. Counts apart from failures that nothing announced. */
      announced?: true;
      /** Set when it was not asked at all: this worker may not ask the run's model. Counts as no failure of the model. */
      elsewhere?: true;
      request_id?: string;
      prompt?: Prompt;
      /** Set when asking again would not help: a person decides. */
      escalation?: Escalation;
    }
  | { type: 'timer.fired'; name: string }
  | {
      type: 'tool.settled';
      ordinal: number;
      ok: boolean;
      result: Json;
      /** Set when the result is a fact about the run's subject. */
      fact: string | null;
      /** What the call created outside, for the report. */
      created: { event?: { topic: string; id: string }; memory?: string } | null;
      code?: CodeId;
    }
  /** `denied`: the model refused its key somewhere below. The parent would get no answer either, and fails alike. */
  | { type: 'child.reported'; path: string; report: AgentReport; denied?: { code: string; message: string } }
  | { type: 'completed' }
  | { type: 'escalated'; escalation: Escalation }
  /**
   * A person's answer. It counts when every verdict holds (`human.may_decide`, and for an edit the verdicts of what it puts in
   * place); else the task stays open. `calls` and `report` are the held ones, edits put in.
   */
  | {
      type: 'human.decided';
      worker: string;
      decision: Decision;
      verdicts: Verdict[];
      calls: JudgedCall[];
      report: { text: string; data: Json } | null;
      code?: CodeId;
    }
  /** People took time meanwhile, which does not count: the deadline `from` is now `to`. */
  | { type: 'deadline.moved'; from: string; to: Timer }
  /** `task`: a person is asked whether it shall go on. */
  | { type: 'failed'; error: { code: string; message: string }; task?: HumanTask }
  /** A person had a failed invocation go on from its journal. */
  | { type: 'retried'; by: string; deadline?: Timer }
  | { type: 'cancelled'; worker: string; by: string; reason: string };

/** Machine events of a batch: a run that starts one run per target and waits for all. */
export type BatchEvent =
  | { type: 'invoked'; address: Address; batch: BatchStart; trace: Trace }
  | { type: 'admitted'; worker: string; verdicts: Verdict[] }
  | { type: 'resumed'; worker: string; delivery: number }
  | Deferred
  /** `window`: how many runs may be open at once; absent when all are begun as soon as they are listed. */
  | { type: 'targets.listed'; targets: { id: string; payload: JsonObject }[]; window?: number }
  /** The runs of the first `count` targets have been begun. */
  | { type: 'targets.started'; count: number }
  | { type: 'child.reported'; run: string; outcome: string }
  | { type: 'completed' }
  | { type: 'cancelled'; worker: string; by: string; reason: string }
  | { type: 'failed'; error: { code: string; message: string } };

export interface BatchStart {
  schedule: string;
  as_of: string;
  data: string | null;
  /** Only these targets, null for all of the schedule's list. */
  only: string[] | null;
  /** Which model answers its runs. */
  model?: string;
  /** The release of the pack that it and its runs begin with, by digest. */
  release?: string;
}

export type JournaledEvent = InvocationEvent | BatchEvent;

export const ENTRY_VERSION = 1;

/** A journal entry: machine events that became true together, and the state they led to. */
export interface Entry<E = JournaledEvent> {
  v: typeof ENTRY_VERSION;
  /** ISO time at which the writer made it. */
  at: string;
  /**
   * Whose clock `at` is of, and every time that its events were given: `nats`, that of the NATS server as the writer had
   * measured it. Absent: the writer's own.
   */
  clock?: 'nats';
  /** The worker or door that appended it. */
  writer: string;
  /** Unique to this append: tells an unknown outcome from another writer's success. */
  key: string;
  agent: string;
  subject: string | null;
  events: E[];
  /** The machine's state value after the events. */
  state: string;
  /** SHA-256 of the context after the events, first 16 hex digits. */
  digest: string;
}
