import type { z } from 'zod';
import { digestOf } from '../digest.ts';
import type { JsonObject } from '../json.ts';
import type { PackCode } from '../pack.ts';
import {
  DelegateInput,
  DESCRIPTIONS,
  delegateOf,
  EMIT_EVENT,
  EmitInput,
  ESCALATE,
  RECALL_MEMORY,
  RecallInput,
  STORE_MEMORY,
  StoreInput,
  SUBMIT_REPORT,
} from '../tools/builtin.ts';
import { emittableTopics, escalateSchema, submitSchema } from '../tools/inputs.ts';
import { jsonSchemaOf, withoutProperty } from '../tools/json-schema.ts';
import type { Parameters } from './release.ts';
import type { LoadedAgent, ResolvedAgent, ResolvedTool } from './resolved.ts';
import type { AgentDefinition, PackManifest } from './schema.ts';
import { own } from './words.ts';

/** One valid agent of a pack, before it is put together with what it refers to. */
export interface CheckedAgent {
  definition: AgentDefinition;
  prompt: string;
}

/** Puts an agent together with all it refers to: plain JSON, and its digest. The pack has been checked. */
export function resolveAgent(
  { definition, prompt }: CheckedAgent,
  manifest: PackManifest,
  code: PackCode,
  agents: ReadonlyMap<string, CheckedAgent>,
  parameters: Parameters,
): LoadedAgent {
  const { name } = definition.metadata;
  const rules = definition.autonomy.escalation_rules;
  const report = own(code.reports, name);
  const tools = definition.tools.map((tool) => resolveTool(tool, manifest, code, agents));
  if (rules.length > 0) tools.push(escalateTool(definition));
  if (report) tools.push(describe(SUBMIT_REPORT, 'report', DESCRIPTIONS[SUBMIT_REPORT], submitSchema(report)));
  const report_topics = Object.entries(manifest.topics)
    .filter(([, topic]) => topic.on_report_of === name)
    .map(([topic]) => topic);
  const emits = tools.some((tool) => tool.name === EMIT_EVENT);
  const topics = [...(emits ? emittableTopics(manifest) : []), ...report_topics];
  const resolved: ResolvedAgent = {
    pack: manifest.metadata.name,
    definition,
    prompt,
    tools,
    decided_conditions: rules
      .filter(({ when, condition }) => when !== undefined || Object.hasOwn(code.conditions, condition))
      .map(({ condition }) => condition),
    report_topics,
    report_schema: report ? jsonSchemaOf(report) : null,
    parameters,
    topics: Object.fromEntries(topics.map((topic) => [topic, manifest.topics[topic]?.subject ?? ''])),
  };
  return { digest: digestOf(resolved), resolved };
}

function resolveTool(
  name: string,
  manifest: PackManifest,
  code: PackCode,
  agents: ReadonlyMap<string, CheckedAgent>,
): ResolvedTool {
  const delegate = delegateOf(name);
  if (delegate !== null) {
    const identity = agents.get(delegate)?.definition.core_context.identity ?? delegate;
    const description = `Delegates to ${delegate}: ${identity}. Answers its report.`;
    return { ...describe(name, 'delegate', description, DelegateInput), delegate };
  }
  if (name === RECALL_MEMORY) return describe(name, 'read', DESCRIPTIONS[RECALL_MEMORY], RecallInput);
  if (name === STORE_MEMORY) return describe(name, 'store', DESCRIPTIONS[STORE_MEMORY], StoreInput);
  if (name === EMIT_EVENT) return emitTool(manifest, code);
  const tool = code.tools.find((candidate) => candidate.name === name);
  if (!tool) throw new Error(`the checked tool ${name} is gone`);
  const { most_shown, rest } = tool;
  return {
    ...describe(name, 'read', tool.description, tool.input),
    ...(most_shown !== undefined && { most_shown }),
    ...(rest !== undefined && { rest }),
  };
}

function describe(name: string, kind: ResolvedTool['kind'], description: string, input: z.ZodType): ResolvedTool {
  return { name, description, input_schema: jsonSchemaOf(input), kind };
}

/** The topics with their payloads. The run's id is the runtime's to set, so the model does not see it. */
function emitTool(manifest: PackManifest, code: PackCode): ResolvedTool {
  const topics = Object.entries(manifest.topics).filter(([topic]) => emittableTopics(manifest).includes(topic));
  const payloads = topics.flatMap(([topic, { schema }]): JsonObject[] => {
    const payload = own(code.schemas, schema);
    return payload ? [{ title: topic, ...withoutProperty(jsonSchemaOf(payload), 'run') }] : [];
  });
  const listed = topics.map(([topic, { description }]) => `- ${topic}${description === '' ? '' : `: ${description}`}`);
  const [only] = payloads;
  return {
    name: EMIT_EVENT,
    description: `${DESCRIPTIONS[EMIT_EVENT]} Topics:\n${listed.join('\n')}`,
    input_schema: {
      ...jsonSchemaOf(EmitInput),
      properties: {
        topic: { type: 'string', enum: topics.map(([topic]) => topic) },
        data: payloads.length === 1 && only ? only : { anyOf: payloads },
      },
    },
    kind: 'emit',
  };
}

function escalateTool({ autonomy }: AgentDefinition): ResolvedTool {
  const rules = autonomy.escalation_rules;
  const listed = rules.map(
    ({ condition, target, reason }) =>
      `- ${condition} (to ${target === 'human' ? 'a person' : 'the parent'}): ${reason}`,
  );
  const input = escalateSchema(rules.map(({ condition }) => condition));
  return describe(ESCALATE, 'escalate', `${DESCRIPTIONS[ESCALATE]} Rules:\n${listed.join('\n')}`, input);
}
