import { z } from 'zod';
import type { LoadedPack, ResolvedAgent } from '../definitions/resolved.ts';
import type { PackManifest } from '../definitions/schema.ts';
import { own, problemsOf, problemsToText } from '../definitions/words.ts';
import {
  DelegateInput,
  EMIT_EVENT,
  EmitInput,
  ESCALATE,
  EscalateInput,
  RECALL_MEMORY,
  RecallInput,
  STORE_MEMORY,
  StoreInput,
  SUBMIT_REPORT,
  SubmitInput,
} from './builtin.ts';

/** The pack that an agent's tools come from; a `LoadedPack` is one. */
export type ToolPack = Pick<LoadedPack, 'manifest' | 'code'>;

/**
 * What one tool of one agent accepts from a model; null when the agent has no such tool. An event's payload is checked
 * as it will be emitted, with `run` put in, so that a payload that would fail later is corrected by the model now.
 * Throws nothing. Pure.
 */
export function inputSchemaOf(tool: string, agent: ResolvedAgent, pack: ToolPack, run: string): z.ZodType | null {
  const declared = agent.tools.find(({ name }) => name === tool);
  if (!declared) return null;
  if (declared.kind === 'delegate') return DelegateInput;
  if (tool === RECALL_MEMORY) return RecallInput;
  if (tool === STORE_MEMORY) return StoreInput;
  if (tool === EMIT_EVENT) return emitSchema(pack, run, ownTopics(agent) ?? emittableTopics(pack.manifest));
  if (tool === ESCALATE)
    return escalateSchema(agent.definition.autonomy.escalation_rules.map((rule) => rule.condition));
  if (tool === SUBMIT_REPORT)
    return submitSchema(own(pack.code.reports, agent.definition.metadata.name) ?? z.unknown());
  return pack.code.tools.find(({ name }) => name === tool)?.input ?? null;
}

/** What is wrong with a model's input, one line per problem; empty when it is valid. */
export function inputProblems(schema: z.ZodType, input: unknown): string {
  return problemsToText(problemsOf(schema, input));
}

export function escalateSchema(conditions: readonly string[]): z.ZodType {
  return EscalateInput.extend({ condition: z.enum([...new Set(conditions)]).describe('The rule that holds.') });
}

export function submitSchema(report: z.ZodType): z.ZodType {
  return SubmitInput.extend({ data: report });
}

/** Topics that agents emit to themselves; those that carry reports are the runtime's, so that no agent forges one. */
export function emittableTopics({ topics }: PackManifest): string[] {
  return Object.keys(topics).filter((topic) => topics[topic]?.on_report_of === undefined);
}

/** Those that the agent began with; null in records that are older than that they are kept. */
function ownTopics({ topics, report_topics: reports }: ResolvedAgent): string[] | null {
  return topics ? Object.keys(topics).filter((topic) => !reports.includes(topic)) : null;
}

function emitSchema({ manifest, code }: ToolPack, run: string, topics: string[]): z.ZodType {
  return EmitInput.extend({ topic: z.enum(topics) }).superRefine(({ topic, data }, context) => {
    const name = own(manifest.topics, topic)?.schema;
    const schema = name === undefined ? undefined : code.schemas[name];
    if (!schema) return;
    for (const { path, message } of problemsOf(schema, eventData(data, run))) {
      context.addIssue({ code: 'custom', path: ['data', ...path], message, params: { worded: true } });
    }
  });
}

/** An event's payload as it is emitted and checked: the model's data with the run's id. */
export function eventData<V>(data: Readonly<Record<string, V>>, run: string): Record<string, V | string> {
  return { ...data, run };
}
