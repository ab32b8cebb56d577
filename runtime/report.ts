import type { Json } from './json.ts';

/** Token and turn counts of one invocation, its children not included. */
export interface Usage {
  turns: number;
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens: number;
  cache_write_tokens: number;
}

export type Outcome = 'completed' | 'escalated' | 'refused' | 'failed' | 'cancelled';

/**
 * What an invocation returns. The runtime assembles it from the journal: `text` and `data` are the agent's own,
 * `children` are the reports of its delegations, taken over unchanged, so no model ever retypes one.
 */
export interface AgentReport {
  agent: string;
  version: string;
  /** Digest of the resolved definition that the invocation ran under. */
  definition: string;
  run: string;
  path: string;
  subject: string | null;
  as_of: string;
  outcome: Outcome;
  text: string;
  /** The input of `submit_report`, valid by the agent's report schema; null for agents without one. */
  data: Json;
  /** Which model answered: `rehearsal` or a model id; null when none did. */
  model: string | null;
  usage: Usage;
  /** What its own turns cost, in US dollars; 0 for a model without a price. */
  cost_usd: number;
  /** Milliseconds that people took to answer, in it and below it. */
  waited_ms: number;
  /** Topic events that this invocation emitted. */
  events: { topic: string; id: string }[];
  /** Ids of the memories that this invocation stored. */
  memories: string[];
  children: AgentReport[];
  error: { code: string; message: string } | null;
}

export function noUsage(): Usage {
  return { turns: 0, input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };
}

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    turns: a.turns + b.turns,
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    cache_read_tokens: a.cache_read_tokens + b.cache_read_tokens,
    cache_write_tokens: a.cache_write_tokens + b.cache_write_tokens,
  };
}

/** The report and all reports below it, parents before children. */
export function flattenReports(report: AgentReport): AgentReport[] {
  return [report, ...report.children.flatMap(flattenReports)];
}
