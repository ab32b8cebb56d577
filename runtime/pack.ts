import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Json, JsonObject } from './json.ts';
import type { Player } from './model/player.ts';
import type { AgentReport, Outcome } from './report.ts';
import type { DataCount, Source, Target } from './source.ts';
import type {
  delegateTool,
  EMIT_EVENT,
  ESCALATE,
  RECALL_MEMORY,
  STORE_MEMORY,
  SUBMIT_REPORT,
} from './tools/builtin.ts';
import type { AnyTool, FactsOf } from './tools/tool.ts';

export type { DataCount, Source, Target };

/** One thing that is wrong with a data folder. */
export interface DataProblem {
  /** Relative to the folder. */
  file: string;
  /** Counted from 1: the line, or the row of a file without lines. Null when it is the file as a whole. */
  line: number | null;
  /** Where in the line, counted from 1, in a file that people write. */
  position?: number;
  /** The column's name; in a file that people write, the path of the value. */
  column: string | null;
  /** What stands there; then the message says only what was expected. */
  value: string | null;
  message: string;
}

const SHOWN_VALUE = 80;

/** On one line: `usage.csv:2 date: got "1.6.2026", expected a date such as 2026-11-16`. */
export function formatDataProblem({ file, line, position, column, value, message }: DataProblem): string {
  const place = [file, line, position].filter((part) => part !== null && part !== undefined).join(':');
  const got = value !== null && value.length > SHOWN_VALUE ? `${value.slice(0, SHOWN_VALUE)}…` : value;
  return `${place}${column === null ? '' : ` ${column}`}: ${got === null ? '' : `got ${JSON.stringify(got)}, `}${message}`;
}

/** How often a tool was called in this invocation, and how the calls ended. */
export interface CallCount {
  attempted: number;
  succeeded: number;
  failed: number;
}

type Builtin = typeof EMIT_EVENT | typeof ESCALATE | typeof RECALL_MEMORY | typeof STORE_MEMORY | typeof SUBMIT_REPORT;
/** Tools of a pack whose facts are these: its own, those of the runtime, and those that start agents. */
type ToolName<F> = (keyof F & string) | Builtin | ReturnType<typeof delegateTool>;

/** What a condition of an escalation rule may look at. `F`: the pack's facts, `FactsOf<[typeof getOrder]>`. */
export interface PolicyView<F = JsonObject> {
  agent: string;
  subject: string | null;
  as_of: string;
  /** Tool name → its latest result about the run's subject, the parent's included. */
  facts: F;
  calls: { [N in ToolName<F>]?: CallCount };
  input: JsonObject;
}

/** Decides an escalation rule: null when it does not hold, else the evidence in words for the person who decides. Pure. */
export type Condition<F = JsonObject> = (view: PolicyView<F>) => string | null;

/** What a check of an `enforce` rule may look at. */
export interface CheckView<F = JsonObject> extends PolicyView<F> {
  /** The call that it is asked before; for a report, the call that submits it, or null when it is text only. */
  call: { name: string; input: Json } | null;
  /** The report that the turn makes, else null. */
  report: { text: string; data: Json } | null;
  /** All calls of the turn, this one included, in order: what would take effect together. */
  proposed: { name: string; input: Json }[];
  /** Tool name → its latest call that succeeded, with its result. */
  done: { [N in ToolName<F>]?: { input: Json; result: N extends keyof F ? Exclude<F[N], undefined> : Json } };
}

/** A finding that refuses nothing: the rule holds, and its verdict says this, for people who read the journal. */
export interface Warning {
  warning: string;
}

/** Decides an `enforce` rule: null when it holds, a warning, or what was found, in words for the agent. Pure. */
export type Check<F = JsonObject> = (view: CheckView<F>) => string | Warning | null;

/** What is known of one target's run, read from the journal alone. */
export interface RunSummary<F = JsonObject> {
  target: string;
  run: string;
  outcome: Outcome | 'waiting' | 'running';
  /** The consolidated report; null while the run waits or runs. */
  report: AgentReport | null;
  /** Facts of the whole tree: tool name → result. */
  facts: F;
  waiting: { rule: string; reason: string } | null;
  error: { code: string; message: string } | null;
}

/** One row of a schedule's result. */
export interface Row {
  /** The declared columns' values and any further fields of the JSON document. */
  fields: JsonObject;
  /** Rows are sorted by this, ascending: most urgent first. */
  rank: number;
  /** A document for people (Markdown); written to the batch's reports folder, its path put into `fields[field]`. */
  document?: { field: string; text: string };
  /** Counted in the totals: `{assessments: 'watch'}` adds one to `totals.assessments.watch`. */
  tally: Record<string, string>;
}

/** What a pack's module supplies. Names in `pack.yaml` and in agent files refer to its keys. `F`: the facts of its tools. */
export interface PackCode<F = JsonObject> {
  tools: AnyTool[];
  /** Agents that the code names: each has to be one of the pack. */
  agents?: readonly string[];
  conditions: Record<string, Condition<F>>;
  /** Checks of `enforce` rules without an expression, by the rule's id. */
  checks?: Record<string, Check<F>>;
  /** Payload schemas of topics, by the name that `pack.yaml` gives. */
  schemas: Record<string, z.ZodType>;
  /** Report schemas, by agent name. An agent with one ends by calling `submit_report`. */
  reports: Record<string, z.ZodType>;
  /** Rule-based players for the `rehearsal` model, by agent name. */
  players: Record<string, Player>;
  /** Throws a coded error for a folder that is not good. */
  open(folder: string): Promise<Source>;
  /** Lists all that is wrong with a folder at once; `open` takes a folder without problems. Throws `data.missing` when
   * there is no folder to look at. */
  check?(folder: string): Promise<DataProblem[]>;
  /**
   * One row of a schedule's table for one target's run. Its fields come before those that columns take `from` the run; a pack
   * whose columns all say so needs no `row`: rows that wait come first, then those that failed.
   */
  row?(schedule: string, run: RunSummary<F>): Row;
}

/**
 * A pack's code whose parts know each other: conditions, checks and rows see the facts of `tools` with their types, and
 * reports and players are those of `agents`.
 */
export function defineCode<const T extends readonly AnyTool[], const A extends string = string>(
  code: Omit<PackCode<FactsOf<T>>, 'tools' | 'agents' | 'reports' | 'players'> & {
    tools: T;
    agents?: readonly A[];
    reports: { [N in A]?: z.ZodType };
    players: { [N in A]?: Player };
  },
): PackCode {
  // The runtime hands over facts as JSON; each was checked by its tool's schema when it came in.
  return code as unknown as PackCode;
}

export interface PackModule<P extends Record<string, z.ZodType> = Record<string, z.ZodType>> {
  /** Schemas of the pack's parameters files, by the name that `pack.yaml` gives. */
  parameters: P;
  create(context: { parameters: { [K in keyof P]: z.infer<P[K]> }; log: Logger }): PackCode;
}

/** The default export of a pack's module. */
export function definePack<P extends Record<string, z.ZodType>>(module: PackModule<P>): PackModule<P> {
  return module;
}
