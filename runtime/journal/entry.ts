import type { Address } from '../address.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ReplyBlock } from '../model/provider.ts';
import type { AgentReport } from '../report.ts';

/** One rule's answer, as it was when the event was made. Guards read verdicts; they never evaluate a rule again. */
export interface Verdict {
  rule: string;
  ok: boolean;
  /** What was found, in words; empty when the rule holds. */
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
  /** For an admitted delegation: who is started, and at which path. */
  delegate?: { agent: string; path: string };
}

/** A timer of an invocation: `name` tells it from earlier ones, `at` is an ISO time. */
export interface Timer {
  name: string;
  at: string;
}

export interface Escalation {
  rule: string;
  target: 'human' | 'parent';
  reason: string;
}

/** Machine events of an invocation, as they are journaled. */
export type InvocationEvent =
  | { type: 'invoked'; invocation: Invocation; definition: string; agent_id: string; version: string }
  | { type: 'admitted'; worker: string; verdicts: Verdict[]; remaining: number }
  | { type: 'refused'; worker: string; verdicts: Verdict[] }
  | { type: 'resumed'; worker: string; delivery: number }
  | {
      type: 'model.replied';
      ordinal: number;
      model: string;
      content: ReplyBlock[];
      stop_reason: string;
      usage: { input_tokens: number; output_tokens: number; cache_read_tokens: number; cache_write_tokens: number };
      prompt: { composer: number; digest: string };
      /** In block order. */
      calls: JudgedCall[];
      /** Rules about the turn as a whole: escalation conditions, turns left, the report's schema. */
      verdicts: Verdict[];
      /** Set when a rule sends this turn to a person or to the parent instead of letting it take effect. */
      escalation: Escalation | null;
      /** Set when the turn ends the invocation. */
      report: { text: string; data: Json } | null;
    }
  | {
      type: 'model.failed';
      ordinal: number;
      error: { code: string; message: string };
      /** When it is asked again, and by which timer; null when it is not. */
      retry: Timer | null;
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
    }
  | { type: 'child.reported'; path: string; report: AgentReport }
  | { type: 'completed' }
  | { type: 'escalated'; escalation: Escalation }
  | { type: 'failed'; error: { code: string; message: string } }
  /** A person had a failed invocation go on from its journal. */
  | { type: 'retried'; by: string };

/** Machine events of a batch: a run that starts one run per target and waits for all. */
export type BatchEvent =
  | { type: 'invoked'; address: Address; batch: BatchStart; trace: Trace }
  | { type: 'admitted'; worker: string; verdicts: Verdict[] }
  | { type: 'resumed'; worker: string; delivery: number }
  | { type: 'targets.listed'; targets: { id: string; payload: JsonObject }[] }
  | { type: 'child.reported'; run: string; outcome: string }
  | { type: 'completed' }
  | { type: 'failed'; error: { code: string; message: string } };

export interface BatchStart {
  schedule: string;
  as_of: string;
  data: string | null;
  /** Only these targets, null for all of the schedule's list. */
  only: string[] | null;
}

export type JournaledEvent = InvocationEvent | BatchEvent;

export const ENTRY_VERSION = 1;

/** A journal entry: machine events that became true together, and the state they led to. */
export interface Entry<E = JournaledEvent> {
  v: typeof ENTRY_VERSION;
  /** ISO time at which the writer made it. */
  at: string;
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
