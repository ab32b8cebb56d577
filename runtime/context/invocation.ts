import type { Escalation, Invocation, JudgedCall, Timer, Verdict } from '../journal/entry.ts';
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

/** One model turn and its calls. */
export interface TurnState {
  ordinal: number;
  content: ReplyBlock[];
  calls: CallState[];
  /** Why the runtime sent the turn back although it made no call (a missing or invalid report); null otherwise. */
  correction: string | null;
}

/**
 * The context of the invocation machine: the fold of a journal. Plain JSON; policy, the composer and the machine read it,
 * only the machine's assigns write it.
 */
export interface InvocationContext {
  invocation: Invocation | null;
  definition: string;
  agent_id: string;
  version: string;
  /** Claims so far: 1 for the admission, plus one per `resumed`. */
  claims: number;
  /** Claims since the last event that was none: taken up again without getting any further. */
  stalls: number;
  /** Delegation depth left. */
  remaining: number;
  /** The last step ordinal used; turns and calls are numbered from 1 in block order. */
  ordinal: number;
  turns: TurnState[];
  /** Delegations started so far; the next child's path is `<path>-<delegations + 1>`. */
  delegations: number;
  /** Handed-down facts, then own ones: tool name → latest result about the subject. */
  facts: JsonObject;
  usage: Usage;
  model: string | null;
  children: AgentReport[];
  report: { text: string; data: Json } | null;
  /** Turns sent back by the runtime in a row; the third ends the invocation. */
  corrections: number;
  /** Model attempts in a row that were not answered. */
  failures: number;
  /** The timer that the invocation waits for. */
  timer: Timer | null;
  /** The name of the timer that fired last. */
  fired: string | null;
  verdicts: Verdict[];
  escalation: Escalation | null;
  error: { code: string; message: string } | null;
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
    usage: noUsage(),
    model: null,
    children: [],
    report: null,
    corrections: 0,
    failures: 0,
    timer: null,
    fired: null,
    verdicts: [],
    escalation: null,
    error: null,
  };
}

export const MAX_CORRECTIONS = 2;
