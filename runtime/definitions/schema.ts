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
const Version = z.literal(API_VERSION).describe('The version of this format.');

/** `90s`, `30m`, `4h`, `2d`. */
const Duration = z.string().regex(/^[1-9]\d{0,5}[smhd]$/, 'a duration such as 90s, 30m, 4h or 2d');
const Expression = z.string().min(1).max(2000);

const humanTask = {
  decides: z
    .strictObject({
      fact: z
        .string()
        .regex(/^(\/[^/]+)+$/, 'a JSON pointer into the facts, such as /get_owner/name')
        .optional()
        .describe('Where the facts name the person who may decide.'),
      role: Name.default('operator').describe('Everyone with this role may decide.'),
    })
    .optional()
    .describe('Who may decide.'),
  due: Duration.optional().describe('How long a person has; without it the question never expires.'),
  on_expiry: z
    .enum(['refuse', 'approve', 'escalate'])
    .optional()
    .describe('When nobody decided in time: end as refused, go on as if approved, or hand to whoever started it.'),
};

const EscalationRule = z.strictObject({
  condition: Name.describe(
    "What holds then. With `when` the expression decides; else a condition of that name in the pack's module; else the model only.",
  ),
  when: Expression.optional().describe(
    'CEL over facts, input, payload, report, calls and attempts; true, or not to be decided, escalates.',
  ),
  before: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Tools, or `report`, that it is asked before; every effect and the report when left out.'),
  target: z
    .enum(['human', 'parent'])
    .describe('Who takes over: a person, before anything takes effect, or the agent that delegated.'),
  reason: z.string().min(1).describe('Why, in words for who takes over.'),
  ...humanTask,
});

const EnforceRule = z.strictObject({
  id: Name.describe('Stands in the journal with every answer.'),
  before: z.array(z.string()).min(1).describe('Tools, `escalate`, or `report`, that it must hold before.'),
  require: Expression.optional().describe(
    "CEL over facts, input, payload, report, calls and attempts. Without it, the check of the rule's id in the pack's module decides.",
  ),
  message: z.string().min(1).describe('What the agent reads when it does not hold.'),
});

const Budget = z.strictObject({
  max_turns: z.int().min(1).max(10_000).optional().describe('Model turns.'),
  max_tokens: z.int().min(1).optional().describe('Tokens in and out.'),
  max_usd: z.number().positive().optional().describe('US dollars, by the price table of the settings.'),
  max_children: z.int().min(0).optional().describe('Delegations, at any depth.'),
  deadline: Duration.optional().describe('From its admission to its end, without the time that people take.'),
});

const Metadata = z.strictObject({
  id: z.string().min(1).max(100).describe('Stable and unique; it stays when the name changes.'),
  name: Name.describe('The address of the agent, and `delegate_to_<name>` of the tool that starts it.'),
  version: SemVer.describe('Semantic version; it stands in journals and reports.'),
  role: z.enum(['main', 'sub_agent']).describe('`main` may be started from outside, `sub_agent` only by delegation.'),
  tags: z.array(z.string()).default([]).describe('Words to filter agents and runs by.'),
  model_tier: z.enum(['main', 'sub']).describe('Which of the configured models answers for it.'),
});

const CoreContext = z.strictObject({
  system_prompt: z
    .strictObject({
      file: z.string().min(1).describe('Path of a Markdown file, relative to this one, inside the folder of the pack.'),
    })
    .describe('The prompt. `{{name.key}}` in it is replaced from the parameters files of the pack.'),
  identity: z.string().min(1).describe('Who it is, in one line; a delegating agent reads it as well.'),
  hard_constraints: z.array(z.string().min(1)).default([]).describe('What it must always or never do.'),
  characteristics: z
    .strictObject({
      personality: z.string().describe('How it is, in a few words.'),
      decision_style: z
        .enum(['conservative', 'balanced', 'assertive'])
        .describe('What it does with incomplete evidence: wait, weigh, or act.'),
      tone: z.string().describe('How it writes.'),
    })
    .describe('How it appears.'),
});

const MemoryConfig = z.strictObject({
  working_memory_window: z
    .int()
    .min(1)
    .max(1000)
    .describe('How many of its latest turns it sees; a turn is a reply with its results.'),
  long_term_enabled: z.boolean().describe('Whether it may use recall_memory and store_memory.'),
  shared_context_scopes: z
    .array(Name)
    .default([])
    .describe('Scopes of pack.yaml whose memories it shares; none: its memories are its own.'),
});

const Autonomy = z.strictObject({
  max_delegation_depth: z
    .int()
    .min(0)
    .max(16)
    .describe('How many delegations may follow one another below it; 0: it may not delegate.'),
  requires_human_approval: z
    .array(z.string())
    .default([])
    .describe('Tools, or `report`, that take effect only when a person has approved.'),
  allowed_sub_agents: z.array(Name).default([]).describe('Which of sub_agents it may start.'),
  escalation_rules: z.array(EscalationRule).default([]).describe('When it stops and hands over.'),
  enforce: z.array(EnforceRule).optional().describe('What must hold before a call or the report takes effect.'),
  budget: Budget.optional().describe('What it and all below it may use up.'),
  human: z
    .strictObject(humanTask)
    .optional()
    .describe('Who decides its questions to people, by when, and what then; a rule may say otherwise.'),
});

export const AgentDefinition = z
  .strictObject({
    apiVersion: Version,
    kind: z.literal('Agent').describe('What this file is.'),
    metadata: Metadata.describe('What it is called, and where it belongs.'),
    core_context: CoreContext.describe('Who it is: the first layer of what the model reads.'),
    tools: z
      .array(z.string())
      .default([])
      .describe(
        "Tools of the pack's module, recall_memory, store_memory, emit_event, and delegate_to_<agent> for its sub-agents.",
      ),
    sub_agents: z.array(Name).default([]).describe('Agents it knows and may be allowed to delegate to.'),
    memory_config: MemoryConfig.describe('What it remembers.'),
    autonomy: Autonomy.describe('What it may do by itself.'),
  })
  .describe('One agent of a pack.');
export type AgentDefinition = z.infer<typeof AgentDefinition>;
export type EscalationRule = z.infer<typeof EscalationRule>;
export type EnforceRule = z.infer<typeof EnforceRule>;
export type Budget = z.infer<typeof Budget>;

const Topic = z.strictObject({
  subject: z
    .string()
    .min(1)
    .describe(
      'NATS subject: `<topic>.{tenant}.….{event}`; between them words, `{subject}` or `{data.<field>}`, each one token.',
    ),
  schema: z.string().min(1).describe("Name of the payload's schema among the schemas of the module."),
  description: z.string().default('').describe('What an event of it means; agents that emit to it read this.'),
  on_report_of: Name.optional().describe(
    'An agent whose report is emitted, as `{run, agent, subject, text, data}`, when it completes.',
  ),
});

const RowPlace = z
  .string()
  .regex(/^[^.]+(\.[^.]+)*$/, 'a place such as facts.<tool>.<field>, reports.<agent>.data.<field>, target or outcome');

const Column = z.strictObject({
  field: z.string().min(1).describe('What the value is called in JSON.'),
  title: z.string().min(1).describe('Its heading.'),
  from: z
    .union([RowPlace, z.array(RowPlace).min(1)])
    .optional()
    .describe(
      'Where the value stands, or several places, of which the first that has one counts: `target`, `run`, `outcome`, ' +
        "`facts.<tool>.<field>`, `report.text`, `reports.<agent>.data.<field>`, `error.message`. Without it, the module's row() has the field.",
    ),
});

const Schedule = z.strictObject({
  description: z.string().default('').describe('What it is for.'),
  cron: z.string().min(1).describe('Six fields in UTC: second, minute, hour, day of month, month, day of week.'),
  agent: Name.describe('The agent, of role main, that is started once for each target.'),
  targets: z.string().min(1).describe('Name of a target list that the source of the module knows.'),
  instructions: z.string().min(1).describe('What each run is told.'),
  columns: z.array(Column).min(1).describe('Columns of the printed table, in order.'),
});

/** Groups of `api.<tenant>.<group>.<name>` that the platform keeps for itself. */
export const OWN_GROUPS = ['run', 'runs', 'batches', 'human'];

const Endpoint = z.strictObject({
  description: z.string().default('').describe('What a request to it does.'),
  schedule: Name.describe('A schedule of this pack: a request starts a batch of it, for the targets that it names.'),
  target_field: Name.default('target').describe('What a request calls one target; `target` is understood as well.'),
  targets_field: Name.default('targets').describe('What it calls a list of them; `targets` is understood as well.'),
});

const PackMetadata = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, 'a lower-case name: a letter, then letters, digits or -')
    .describe('Unique among the loaded packs.'),
  version: SemVer.describe('Semantic version.'),
  description: z.string().default('').describe('What the pack does.'),
});

const Data = z.strictObject({
  folder: z.string().describe('Relative to this file.'),
  tenant: Name.describe('The tenant that its runs and memories belong to.'),
});

export const PackManifest = z
  .strictObject({
    apiVersion: Version,
    kind: z.literal('Pack').describe('What this file is.'),
    metadata: PackMetadata.describe('What the pack is called.'),
    agents: z.string().default('agents').describe('Folder of the agent files (*.yaml).'),
    module: z.string().min(1).describe('The module whose default export is definePack(…).'),
    parameters: z
      .record(Name, z.string())
      .default({})
      .describe('Parameters files by name: checked by schemas of the module, read in prompts as `{{name.key}}`.'),
    data: Data.optional().describe('The data folder that is used when the user names none.'),
    subject: z
      .string()
      .regex(/^(\/[^/]+)+$/, 'a JSON pointer such as /order_id')
      .describe('JSON pointer into the payload of a run: what the run is about.'),
    scopes: z.array(Name).default([]).describe('Names of memories that several agents share.'),
    topics: z.record(Name, Topic).default({}).describe('Streams of events that agents emit to, by name.'),
    schedules: z
      .record(Name, Schedule)
      .default({})
      .describe('What is done for a list of targets at fixed times, by name.'),
    endpoints: z
      .record(Name, z.record(Name, Endpoint))
      .default({})
      .describe('Service endpoints by group and name: `api.<tenant>.<group>.<name>` over NATS.'),
    continues: z
      .enum(['compatible', 'exact'])
      .default('compatible')
      .describe(
        'Which runs that began with other code of this pack it goes on with: those of the same major version, or none.',
      ),
  })
  .describe('A pack: what its agents share.');
export type PackManifest = z.infer<typeof PackManifest>;
export type TopicDefinition = z.infer<typeof Topic>;
export type ScheduleDefinition = z.infer<typeof Schedule>;
export type EndpointDefinition = z.infer<typeof Endpoint>;
