import type { PackCode, PackModule } from '../pack.ts';
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
  /** What the code was made by; null when it could not be imported. */
  module: PackModule | null;
  /** Parameter name → its values; null for one that is invalid. Null when no pack says what they are. */
  parameters: Record<string, unknown> | null;
  errors: Finding[];
  warnings: Finding[];
}

export interface AgentSource {
  yaml: LocatedYaml;
  /** What stands in the file; empty when it could not be read. */
  text: string;
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

/**
 * Whether some file is, or may be meant to be, the agent of that name. A file that is not YAML has no name, so it is taken
 * for all that its text or its own name say; with no agent at all, nothing can be told.
 */
export function mayBeAgent(source: PackSource, name: string): boolean {
  if (source.agents.length === 0) return true;
  return source.agents.some((agent) => agent.name === name || (agent.name === null && namesIn(agent).includes(name)));
}

function namesIn({ yaml, text }: AgentSource): string[] {
  const written = [...text.matchAll(/\bname\s*:\s*["']?(\w+)/g)].map((match) => match[1] ?? '');
  return [...written, yaml.file.replace(/^.*[\\/]|\.yaml$/g, '')];
}

/** False for agent files that are looked at without a pack: what a pack declares cannot be asked then. */
export function packIsKnown({ yaml }: PackSource): boolean {
  return typeof yaml.data === 'object' && yaml.data !== null;
}

export function nameOf(yaml: LocatedYaml): string | null {
  return textAt(yaml, ['metadata', 'name']);
}
