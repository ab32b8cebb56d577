import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Json, JsonObject } from './json.ts';
import type { Player } from './model/player.ts';
import type { AgentReport, Outcome } from './report.ts';
import type { DataCount, Source, Target } from './source.ts';
import type { Tool } from './tools/tool.ts';

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

/** What a condition of an escalation rule may look at. */
export interface PolicyView {
  agent: string;
  subject: string | null;
  as_of: string;
  /** Tool name → its latest result about the run's subject, the parent's included. */
  facts: JsonObject;
  /** Tool name → how often it was called in this invocation and how it ended. */
  calls: Record<string, { attempted: number; succeeded: number; failed: number }>;
  input: JsonObject;
}

/** Decides an escalation rule: null when it does not hold, else the evidence in words for the person who decides. Pure. */
export type Condition = (view: PolicyView) => string | null;

/** What a check of an `enforce` rule may look at. */
export interface CheckView extends PolicyView {
  /** The call that it is asked before; for a report, the call that submits it, or null when it is text only. */
  call: { name: string; input: Json } | null;
  /** The report that the turn makes, else null. */
  report: { text: string; data: Json } | null;
  /** All calls of the turn, this one included, in order: what would take effect together. */
  proposed: { name: string; input: Json }[];
  /** Tool name → its latest call that succeeded, with its result. */
  done: Record<string, { input: Json; result: Json }>;
}

/** Decides an `enforce` rule: null when it holds, else what was found, in words for the agent. Pure. */
export type Check = (view: CheckView) => string | null;

/** What is known of one target's run, read from the journal alone. */
export interface RunSummary {
  target: string;
  run: string;
  outcome: Outcome | 'waiting' | 'running';
  /** The consolidated report; null while the run waits or runs. */
  report: AgentReport | null;
  /** Facts of the whole tree: tool name → result. */
  facts: JsonObject;
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

/** What a pack's module supplies. Names in `pack.yaml` and in agent files refer to its keys. */
export interface PackCode {
  /** Of any input: the runtime checks a call by the tool’s own schema before it runs it. */
  tools: Tool<unknown, Source>[];
  conditions: Record<string, Condition>;
  /** Checks of `enforce` rules without an expression, by the rule's id. */
  checks?: Record<string, Check>;
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
  row?(schedule: string, run: RunSummary): Row;
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
