/** A pack in several releases: it weighs parcels by a limit that is a parameter, and everything it does says by which. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Suite } from './suite.ts';

export const SCALES_TENANT = 'post';

/** What a release of the pack has. */
export interface ScalesRelease {
  version?: string;
  /** The parameter: kilograms from which a person is asked. */
  limit?: number;
  /** Names in its code and definitions. */
  tool?: string;
  agent?: string;
  checker?: string;
  /** False: its code has no condition of the rule, which then only the model decides. */
  condition?: boolean;
  check?: boolean;
  /** What else `limits.yaml` and its schema hold. */
  more?: boolean;
  continues?: 'compatible' | 'exact';
  /** Between topic and event in the topic's subject. */
  subject?: string;
}

/** Writes a release into a folder, removed after the suite's last test. */
export function withScales(test: Suite): (release?: ScalesRelease) => { packs: string[] } {
  const folders: string[] = [];
  test.after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));
  return (release = {}) => {
    const folder = mkdtempSync(join(tmpdir(), 'scales-'));
    folders.push(folder);
    for (const [path, text] of Object.entries(files(release))) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return { packs: [folder] };
  };
}

function files(release: ScalesRelease): Record<string, string> {
  const {
    version = '1.0.0',
    limit = 10,
    tool = 'weigh',
    agent = 'weigher',
    checker = 'checker',
    condition = true,
    check = true,
    more = false,
    continues,
    subject = '{subject}',
  } = release;
  const character = `  system_prompt: {file: ./prompts/all.md}
  identity: weighs parcels
  characteristics: {personality: exact, decision_style: balanced, tone: short}`;
  return {
    'pack.yaml': `apiVersion: agent-platform/v1
kind: Pack
metadata: {name: scales, version: ${version}}
module: ./pack.ts
parameters: {limits: ./limits.yaml}
data: {folder: ./data, tenant: ${SCALES_TENANT}}
subject: /parcel
${continues ? `continues: ${continues}` : ''}
topics:
  weighed: {subject: 'weighed.{tenant}.${subject}.{event}', schema: Weighed}
schedules:
  round:
    cron: 0 0 6 * * 1
    agent: ${agent}
    targets: parcels
    instructions: by ${limit}
    columns: [{field: parcel, title: Parcel}]
`,
    'limits.yaml': `asks_from: ${limit}\n${more ? 'fragile: true\n' : ''}`,
    'data/parcels.txt': 'none\n',
    [`agents/${agent}.yaml`]: `apiVersion: agent-platform/v1
kind: Agent
metadata: {id: agent-weigher, name: ${agent}, version: ${version}, role: main, model_tier: main}
core_context:
${character}
tools: [${tool}, emit_event, delegate_to_${checker}]
sub_agents: [${checker}]
memory_config: {working_memory_window: 10, long_term_enabled: false}
autonomy:
  max_delegation_depth: 1
  allowed_sub_agents: [${checker}]
  escalation_rules:
    - {condition: too_heavy, before: [emit_event], target: human, reason: a heavy parcel}
  enforce:
    - ${check ? '{id: liftable, before: [emit_event], message: too heavy to lift}' : '{id: liftable, before: [emit_event], require: input.data.kg > 0.0, message: x}'}
`,
    [`agents/${checker}.yaml`]: `apiVersion: agent-platform/v1
kind: Agent
metadata: {id: agent-checker, name: ${checker}, version: ${version}, role: sub_agent, model_tier: sub}
core_context:
${character}
memory_config: {working_memory_window: 10, long_term_enabled: false}
autonomy: {max_delegation_depth: 0}
`,
    'agents/prompts/all.md': 'Weigh it.\n',
    'pack.ts': `// Release ${version}
import { definePack, defineTool, z } from 'agent-platform/sdk';

const Limits = z.strictObject({ asks_from: z.number()${more ? ', fragile: z.boolean()' : ''} });

export default definePack({
  parameters: { limits: Limits },
  create: ({ parameters: { limits: { asks_from: limit } } }) => ({
    tools: [
      defineTool({
        name: '${tool}',
        description: 'Weighs a parcel.',
        input: z.strictObject({ parcel: z.string(), kg: z.number() }),
        subject: ({ parcel }) => parcel,
        run: async (input) => ({ ...input, by: limit }),
      }),
    ],
    conditions: ${condition ? '{ too_heavy: ({ input }) => (Number(input.kg) >= limit ? `${input.kg} is ${limit} or more` : null) }' : '{}'},
    checks: ${check ? '{ liftable: ({ call }) => ((call?.input as any).data.kg >= limit * 2 ? `it is twice ${limit} or more` : null) }' : '{}'},
    schemas: { Weighed: z.strictObject({ parcel: z.string(), kg: z.number(), run: z.string() }) },
    reports: {},
    players: {
      ${agent}: ({ task, calls }) => {
        const { parcel, kg } = task.payload as { parcel: string; kg: number };
        const [weighed, checked, emitted] = calls;
        if (!weighed) return { calls: [{ name: '${tool}', input: { parcel, kg } }] };
        if (!checked) return { calls: [{ name: 'delegate_to_${checker}', input: { instructions: 'Check.', context: {} } }] };
        if (!emitted) return { calls: [{ name: 'emit_event', input: { topic: 'weighed', data: { parcel, kg } } }] };
        const by = [limit, (weighed.result as any)?.by, (checked.result as any)?.text];
        return { text: \`played, weighed and checked by \${by.join(', ')}\` };
      },
      ${checker}: () => ({ text: String(limit) }),
    },
    open: async () => ({
      asOf: '2026-11-14',
      targets: async () => [{ id: \`from-\${limit}\`, payload: { parcel: \`from-\${limit}\`, kg: 1 } }],
      memories: async () => [],
      close: async () => {},
    }),
    row: (_schedule, { target }) => ({ fields: { parcel: target, by: limit }, rank: 0, tally: {} }),
  }),
});
`,
  };
}
