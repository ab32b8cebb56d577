import { z } from 'zod';
import { MemoryDraft, Recalled } from '../memory/memory.ts';

/**
 * The tools that the runtime supplies: what a model may send to each, and what it reads about them. The schemas here are
 * the general ones; `inputs.ts` narrows them to an agent's own topics, conditions and report.
 */
export const RECALL_MEMORY = 'recall_memory';
export const STORE_MEMORY = 'store_memory';
export const EMIT_EVENT = 'emit_event';
export const ESCALATE = 'escalate';
export const SUBMIT_REPORT = 'submit_report';
const DELEGATE_PREFIX = 'delegate_to_';

/** The tool that starts an agent. */
export function delegateTool<const A extends string>(agent: A): `${typeof DELEGATE_PREFIX}${A}` {
  return `${DELEGATE_PREFIX}${agent}`;
}

/** The agent that a delegate tool starts, null for any other tool. */
export function delegateOf(tool: string): string | null {
  return tool.startsWith(DELEGATE_PREFIX) ? tool.slice(DELEGATE_PREFIX.length) : null;
}

/** A name that a pack's own tool may not take. */
export function isBuiltinName(tool: string): boolean {
  const names = [RECALL_MEMORY, STORE_MEMORY, EMIT_EVENT, ESCALATE, SUBMIT_REPORT];
  return names.includes(tool) || delegateOf(tool) !== null;
}

export const RecallInput = z.strictObject({
  query: z.string().min(1).max(2000).describe('What to look for, in words.'),
  subject: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Whose history to search; the subject of this run when omitted.'),
  limit: z.int().min(1).max(500).default(10).describe('How many memories at most.'),
});
export type RecallInput = z.infer<typeof RecallInput>;

/** Its result is a fact as those of a pack's tools are. */
export const RecallOutput = z.strictObject({ memories: z.array(Recalled) });
export type RecallOutput = z.infer<typeof RecallOutput>;

/** The subject, the date and the id are the runtime's: a memory is always about the run's subject. */
export const StoreInput = MemoryDraft;
export type StoreInput = z.infer<typeof StoreInput>;

export const EmitInput = z.strictObject({ topic: z.string().min(1), data: z.record(z.string(), z.unknown()) });
export type EmitInput = z.infer<typeof EmitInput>;

export const DelegateInput = z.strictObject({
  instructions: z
    .string()
    .min(1)
    .max(20_000)
    .describe('What the agent is asked to do. It knows nothing of this conversation.'),
  context: z
    .record(z.string(), z.unknown())
    .describe('What it needs to know beyond the facts that tools returned, which it receives by itself.'),
});
export type DelegateInput = z.infer<typeof DelegateInput>;

export const EscalateInput = z.strictObject({
  condition: z.string().min(1).describe('The rule that holds.'),
  reason: z.string().min(1).max(4000).describe('The evidence, for the person who decides.'),
});
export type EscalateInput = z.infer<typeof EscalateInput>;

/** `data` is narrowed by the agent's report schema. */
export const SubmitInput = z.strictObject({
  text: z.string().min(1).max(50_000).describe('The report in words.'),
  data: z.unknown(),
});
export type SubmitInput = z.infer<typeof SubmitInput>;

export const DESCRIPTIONS = {
  [RECALL_MEMORY]:
    'Searches this agent’s long-term memory for what was known before the date of this run. Answers text, date, age in days, score and id of each memory; cite the id when you rely on one.',
  [STORE_MEMORY]: 'Stores one memory about the subject of this run, for later runs to recall.',
  [EMIT_EVENT]: 'Publishes one event on a topic. Each event takes effect outside at once and cannot be called back.',
  [ESCALATE]:
    'Stops here and hands over, because one of the rules below holds. Nothing else of this turn takes effect.',
  [SUBMIT_REPORT]: 'Ends this task with its report. Call it alone, when everything else is done.',
} as const;
