import { z } from 'zod';

/**
 * The YAML shapes: `kind: Agent` and `kind: Pack`. Parsed values keep the file's names; nothing is renamed on the way in.
 * An optional key's default stands here, so that a short definition loads.
 */
export const API_VERSION = 'agent-platform/v1';

/** Names of agents, tools, topics, schedules, scopes: one subject token, one tool name. */
export const Name = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'a lower-case name: a letter, then letters, digits or _');
const SemVer = z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, 'a version such as 0.1.0');

const EscalationRule = z.strictObject({
  condition: Name,
  target: z.enum(['human', 'parent']),
  reason: z.string().min(1),
});

export const AgentDefinition = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Agent'),
  metadata: z.strictObject({
    id: z.string().min(1).max(100),
    name: Name,
    version: SemVer,
    role: z.enum(['main', 'sub_agent']),
    tags: z.array(z.string()).default([]),
    model_tier: z.enum(['main', 'sub']),
  }),
  core_context: z.strictObject({
    system_prompt: z.strictObject({ file: z.string().min(1) }),
    identity: z.string().min(1),
    hard_constraints: z.array(z.string().min(1)).default([]),
    characteristics: z.strictObject({
      personality: z.string(),
      decision_style: z.enum(['conservative', 'balanced', 'assertive']),
      tone: z.string(),
    }),
  }),
  tools: z.array(z.string()).default([]),
  sub_agents: z.array(Name).default([]),
  memory_config: z.strictObject({
    working_memory_window: z.int().min(1).max(1000),
    long_term_enabled: z.boolean(),
    shared_context_scopes: z.array(Name).default([]),
  }),
  autonomy: z.strictObject({
    max_delegation_depth: z.int().min(0).max(16),
    requires_human_approval: z.array(z.string()).default([]),
    allowed_sub_agents: z.array(Name).default([]),
    escalation_rules: z.array(EscalationRule).default([]),
  }),
});
export type AgentDefinition = z.infer<typeof AgentDefinition>;

const Topic = z.strictObject({
  /** `<topic>.{tenant}.….{event}`; between them literal tokens, `{subject}` or `{data.<field>}`, each escaped to one token. */
  subject: z.string().min(1),
  /** Name of the payload schema among the module's `schemas`. */
  schema: z.string().min(1),
  description: z.string().default(''),
  /** The runtime emits this agent's report as `{run, agent, subject, text, data}` when it completes. */
  on_report_of: Name.optional(),
});

const Schedule = z.strictObject({
  description: z.string().default(''),
  /** Six fields, UTC. */
  cron: z.string().min(1),
  agent: Name,
  /** Name of a target list of the pack's source. */
  targets: z.string().min(1),
  instructions: z.string().min(1),
  /** Columns of the printed table, in order: a field of the row and its heading. */
  columns: z.array(z.strictObject({ field: z.string().min(1), title: z.string().min(1) })).min(1),
});

/** Groups of `api.<tenant>.<group>.<name>` that the platform keeps for itself. */
export const OWN_GROUPS = ['run', 'runs', 'batches', 'human'];

const Endpoint = z.strictObject({
  description: z.string().default(''),
  /** A schedule of this pack: a request starts a batch of it, for the targets that it names. */
  schedule: Name,
  /** What the pack calls one target, and a list of them, in a request; the general names are understood as well. */
  target_field: Name.default('target'),
  targets_field: Name.default('targets'),
});

export const PackManifest = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Pack'),
  metadata: z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'a lower-case name: a letter, then letters, digits or -'),
    version: SemVer,
    description: z.string().default(''),
  }),
  /** Folder of agent files (`*.yaml`). */
  agents: z.string().default('agents'),
  /** The module whose default export is `definePack(…)`. */
  module: z.string().min(1),
  /** Parameters files by name: validated by the module's schemas, resolved in prompts as `{{name.key.key}}`. */
  parameters: z.record(Name, z.string()).default({}),
  /** The data folder used when the user names none, and the tenant that its runs and memories belong to. */
  data: z.strictObject({ folder: z.string(), tenant: Name }).optional(),
  /** JSON pointer into a payload: what the run is about. */
  subject: z.string().regex(/^(\/[^/]+)+$/, 'a JSON pointer such as /order_id'),
  scopes: z.array(Name).default([]),
  topics: z.record(Name, Topic).default({}),
  schedules: z.record(Name, Schedule).default({}),
  /** Service endpoints of the pack by group and name: `api.<tenant>.<group>.<name>`. */
  endpoints: z.record(Name, z.record(Name, Endpoint)).default({}),
});
export type PackManifest = z.infer<typeof PackManifest>;
export type TopicDefinition = z.infer<typeof Topic>;
export type ScheduleDefinition = z.infer<typeof Schedule>;
export type EndpointDefinition = z.infer<typeof Endpoint>;
