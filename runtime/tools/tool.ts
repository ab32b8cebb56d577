import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Json } from '../json.ts';
import type { Source } from '../source.ts';

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

/**
 * A tool that a pack supplies. It reads; it changes nothing outside (events and memories go through the built-in
 * `emit_event` and `store_memory`). It may run more than once for one call: a crash before its result was journaled
 * repeats it. A throw becomes a tool error that the model reads.
 */
export interface Tool<I = never, S extends Source = never> {
  name: string;
  description: string;
  /** Validates the model's input; its JSON Schema is what the model sees. */
  input: z.ZodType<I>;
  /** Most characters of a result's JSON that a model is shown; the setting `max_result_chars` when absent. */
  most_shown?: number;
  /** How a model asks for what was left out, in a sentence: `Ask for the next page with from.` */
  rest?: string;
  /** What the input is about; the result becomes a fact only when this equals the run's subject. */
  subject?(input: I): string | null;
  run(input: I, context: ToolContext<S>): Promise<Json>;
}

/** Identity at run time; infers the input type from the schema. */
export function defineTool<I, S extends Source>(tool: Tool<I, S>): Tool<I, S> {
  return tool;
}
