import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pino } from 'pino';
import { PlatformError } from '../../config/errors.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { type Finding, formatFinding, type LoadedPack } from '../../runtime/definitions/resolved.ts';

/** A small pack that loads without a finding, as files: path → text. Tests spoil it in one place each. */
export type Files = Record<string, string>;

const PACK = `apiVersion: agent-platform/v1
kind: Pack
metadata:
  name: greenhouse
  version: 0.1.0
module: ./pack.mjs
parameters:
  limits: ./limits.yaml
subject: /bed
scopes: [shared_notes]
topics:
  alarms:
    subject: alarms.{tenant}.{data.level}.{subject}.{event}
    schema: Alarm
    description: A bed that needs water.
schedules:
  rounds:
    cron: 0 0 6 * * 1
    agent: gardener
    targets: beds
    instructions: Check the bed
    columns:
      - {field: name, title: Bed}
`;

const GARDENER = `apiVersion: agent-platform/v1
kind: Agent
metadata:
  id: agent-gardener
  name: gardener
  version: 0.1.0
  role: main
  tags: [plants]
  model_tier: main
core_context:
  system_prompt:
    file: ./prompts/gardener.md
  identity: a gardener who looks after the beds
  hard_constraints:
    - never water at noon
  characteristics:
    personality: patient
    decision_style: balanced
    tone: calm
tools:
  - get_moisture
  - emit_event
  - delegate_to_botanist
sub_agents:
  - botanist
memory_config:
  working_memory_window: 10
  long_term_enabled: false
  shared_context_scopes: [shared_notes]
autonomy:
  max_delegation_depth: 1
  requires_human_approval: [emit_event]
  allowed_sub_agents:
    - botanist
  escalation_rules:
    - condition: sensor_broken
      target: human
      reason: the sensor answers nothing
`;

const BOTANIST = `apiVersion: agent-platform/v1
kind: Agent
metadata:
  id: agent-botanist
  name: botanist
  version: 0.1.0
  role: sub_agent
  model_tier: sub
core_context:
  system_prompt:
    file: ./prompts/botanist.md
  identity: a botanist who knows every leaf
  characteristics:
    personality: curious
    decision_style: conservative
    tone: precise
tools:
  - recall_memory
  - store_memory
memory_config:
  working_memory_window: 5
  long_term_enabled: true
autonomy:
  max_delegation_depth: 0
`;

const MODULE = `import { z } from '${import.meta.resolve('zod')}';

const Alarm = z.strictObject({ level: z.enum(['low', 'high']), text: z.string().min(1), run: z.string() });

export default {
  parameters: {
    limits: z.strictObject({ dry_below: z.number().max(0), beds: z.array(z.string()), spare: z.number().default(1) }),
  },
  create: () => ({
    tools: [
      {
        name: 'get_moisture',
        description: 'Moisture of one bed.',
        input: z.strictObject({ bed: z.string() }),
        run: async () => ({ moisture: 0.5 }),
      },
    ],
    conditions: { sensor_broken: () => null },
    schemas: { Alarm },
    reports: { botanist: z.strictObject({ verdict: z.enum(['fine', 'dry']), seen: z.int() }) },
    players: { gardener: () => ({}) },
    open: async () => ({}),
    row: () => ({}),
  }),
};
`;

export function greenhouse(): Files {
  return {
    'pack.yaml': PACK,
    'pack.mjs': MODULE,
    'limits.yaml': 'dry_below: -0.20   # a fifth\nbeds: [north, south]\n',
    'agents/gardener.yaml': GARDENER,
    'agents/botanist.yaml': BOTANIST,
    'agents/prompts/gardener.md':
      '# Gardener\n\nA bed is dry at {{limits.dry_below | percent}} ({{limits.dry_below}}).\n',
    'agents/prompts/botanist.md': 'Beds: {{limits.beds | list}}. Spare: {{ limits.spare }}.\n',
  };
}

/** The files with one text of one file replaced; fails when the text is not there. */
export function spoil(files: Files, file: string, from: string, to: string): Files {
  const text = files[file];
  if (text === undefined || !text.includes(from)) throw new Error(`${file} does not hold ${JSON.stringify(from)}`);
  return { ...files, [file]: text.replace(from, () => to) };
}

const folders: string[] = [];

export async function writeFiles(files: Files): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pack-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

export async function removeFolders(): Promise<void> {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

export async function load(files: Files): Promise<LoadedPack> {
  const [pack] = await loadPacks([await writeFiles(files)], { log: pino({ level: 'silent' }) });
  if (!pack) throw new Error('no pack');
  return pack;
}

/** The findings of a load that must fail, files relative to their pack. */
export async function findingsOf(...packs: Files[]): Promise<Finding[]> {
  const roots = await Promise.all(packs.map(writeFiles));
  try {
    await loadPacks(roots, { log: pino({ level: 'silent' }) });
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'definitions.invalid') throw error;
    return (error.details.findings as Finding[]).map((finding) => inPack(finding, roots));
  }
  throw new Error('the packs loaded without a finding');
}

export function inPack(finding: Finding, roots: readonly string[] = folders): Finding {
  const root = roots.find((candidate) => finding.file.startsWith(candidate)) ?? '/';
  return { ...finding, file: relative(root, finding.file) };
}

/** `file:line:column path`, and the message by itself. */
export function placeOf(finding: Finding): string {
  return formatFinding({ ...finding, message: '' }).replace(/:? $/, '');
}
