import type { PackCode } from '../pack.ts';
import type { LocatedYaml } from './located.ts';
import { textAt } from './located.ts';
import type { Finding } from './resolved.ts';
import type { AgentDefinition, PackManifest } from './schema.ts';

/** A pack as it was read: what could be made of its files, and what is wrong with each by itself. */
export interface PackSource {
  /** Absolute path of the pack's folder. */
  folder: string;
  yaml: LocatedYaml;
  /** Null when the manifest is invalid. */
  manifest: PackManifest | null;
  agents: AgentSource[];
  /** Null when the module could not be imported or made. */
  code: PackCode | null;
  errors: Finding[];
  warnings: Finding[];
}

export interface AgentSource {
  yaml: LocatedYaml;
  /** `metadata.name`, also of a definition that is otherwise invalid; null when it cannot be read. */
  name: string | null;
  /** Null when the definition is invalid. */
  definition: AgentDefinition | null;
  /** The prompt's text with its parameters resolved; null when the file could not be read. */
  prompt: string | null;
}

/** The agents of a pack by name; the first wins when a name is given twice. */
export function agentsByName(source: PackSource): Map<string, AgentSource> {
  const byName = new Map<string, AgentSource>();
  for (const agent of source.agents) {
    if (agent.name !== null && !byName.has(agent.name)) byName.set(agent.name, agent);
  }
  return byName;
}

/** False when no agent, or not every agent's name, could be read: then a reference to an unknown agent may well be right. */
export function allAgentsNamed(source: PackSource): boolean {
  return source.agents.length > 0 && source.agents.every(({ name }) => name !== null);
}

/** False for agent files that are looked at without a pack: what a pack declares cannot be asked then. */
export function packIsKnown({ yaml }: PackSource): boolean {
  return typeof yaml.data === 'object' && yaml.data !== null;
}

export function nameOf(yaml: LocatedYaml): string | null {
  return textAt(yaml, ['metadata', 'name']);
}
