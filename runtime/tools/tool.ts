import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Json } from '../json.ts';
import type { Source } from '../source.ts';
import type { RECALL_MEMORY, RecallOutput } from './builtin.ts';

/** What a tool may use while it runs. */
export interface ToolContext<S extends Source = Source> {
  tenant: string;
  run: string;
  path: string;
  agent: string;
  subject: string | null;
  /** ISO date: the tool answers as of this day. */
  asOf: string;
  /** The run's data folder, opened once per worker. */
  source: S;
  signal: AbortSignal;
  log: Logger;
}

/** What `run` returns: what the output schema takes, or any JSON where a tool has none. */
type ResultOf<O> = O extends z.ZodType ? z.input<O> : Json;

/**
 * A tool that a pack supplies. It reads; it changes nothing outside (events and memories go through the built-in
 * `emit_event` and `store_memory`). It may run more than once for one call: a crash before its result was journaled
 * repeats it. A throw becomes a tool error that the model reads.
 */
export interface Tool<
  I = never,
  S extends Source = never,
  O extends z.ZodType | undefined = undefined,
  N extends string = string,
> {
  name: N;
  description: string;
  /** Validates the model's input; its JSON Schema is what the model sees. */
  input: z.ZodType<I>;
  /**
   * What a result is. One that does not fit becomes the tool error `tool.malformed`, and no fact. It types the fact for the
   * pack's code, and rules in YAML are checked against it. Without one, a result may be any JSON.
   */
  output?: O;
  /** Most characters of a result's JSON that a model is shown; the setting `max_result_chars` when absent. */
  most_shown?: number;
  /** How a model asks for what was left out, in a sentence: `Ask for the next page with from.` */
  rest?: string;
  /** What the input is about; the result becomes a fact only when this equals the run's subject. */
  subject?(input: I): string | null;
  run(input: I, context: ToolContext<S>): Promise<ResultOf<O>>;
}

/** Any pack's tool, whatever it takes and gives: the runtime checks a call by the tool's own schemas. */
export type AnyTool = Tool<unknown, Source, z.ZodType | undefined>;

/** Identity at run time; infers the types of name, input and output. */
export function defineTool<I, S extends Source, const N extends string, O extends z.ZodType | undefined = undefined>(
  tool: Tool<I, S, O, N>,
): Tool<I, S, O, N> {
  return tool;
}

/** A tool's result as facts and calls hold it. */
export type OutputOf<T extends AnyTool> = T extends { output?: infer O }
  ? [Exclude<O, undefined>] extends [never]
    ? Json
    : z.output<Exclude<O, undefined>>
  : Json;

/**
 * What the facts of a pack with these tools may hold: tool name → its latest result about the run's subject, each absent
 * until its tool has answered. `FactsOf<[typeof getOrder]>`.
 */
export type FactsOf<T extends readonly AnyTool[]> = { [K in T[number] as K['name']]?: OutputOf<K> } & {
  [RECALL_MEMORY]?: RecallOutput;
};
