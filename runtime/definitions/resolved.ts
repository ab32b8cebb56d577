import type { JsonObject } from '../json.ts';
import type { ToolSchema } from '../model/provider.ts';
import type { PackCode } from '../pack.ts';
import type { Parameters, RecordedRelease } from './release.ts';
import type { AgentDefinition, PackManifest } from './schema.ts';

/** How the runtime treats a call: reads run in parallel; emits, stores and delegations in block order; the rest ends the turn. */
export type ToolKind = 'read' | 'emit' | 'store' | 'delegate' | 'escalate' | 'report';

/** A tool as an agent has it: declared in its file, or synthesized from its sub-agents, rules and report schema. */
export interface ResolvedTool extends ToolSchema {
  kind: ToolKind;
  /** The agent that a `delegate` tool starts. */
  delegate?: string;
  /** Most characters of a result that a model is shown, and how it asks for the rest: the tool's own, where it says so. */
  most_shown?: number;
  rest?: string;
}

/**
 * A definition with all it refers to: what is stored in DEFINITIONS under its digest, and all that an invocation in
 * flight needs to go on after the files have changed. Plain JSON.
 */
export interface ResolvedAgent {
  pack: string;
  definition: AgentDefinition;
  /** The system prompt's text with its parameters resolved. */
  prompt: string;
  /** Declared tools in the file's order, then `escalate` (with escalation rules), then `submit_report` (with a report schema). */
  tools: ResolvedTool[];
  /** Names of the escalation conditions that an expression or code decides; the others are decided by the model only. */
  decided_conditions: string[];
  /** Topics that this agent's completed report is emitted to. */
  report_topics: string[];
  /** JSON Schema of the report's `data`, null when the agent reports in text only. */
  report_schema: JsonObject | null;
  /** The parameters of its pack, by name: what its conditions, checks, tools and players are made with. Older records have none. */
  parameters?: Parameters;
  /** Topics that it emits to, or that its report is emitted to, with the templates of their subjects. Older records have none. */
  topics?: Record<string, string>;
}

/** One line of a load report: `file:line:column path: what was wrong, what was expected`. */
export interface Finding {
  file: string;
  line: number;
  column: number;
  /** Dotted path of the value inside the file, empty for the whole file. */
  path: string;
  message: string;
}

export interface LoadedAgent {
  /** SHA-256 of the resolved definition's canonical JSON, hex. */
  digest: string;
  resolved: ResolvedAgent;
}

/** A pack, loaded and checked. */
export interface LoadedPack {
  folder: string;
  manifest: PackManifest;
  code: PackCode;
  agents: Map<string, LoadedAgent>;
  /** What begins with this pack begins with that. */
  release: RecordedRelease;
  /** The pack with its code made for other parameters than those of its files; why not, in words, when they do not fit. */
  withParameters(parameters: Parameters): LoadedPack | { wrong: string };
  warnings: Finding[];
}

export function formatFinding(finding: Finding): string {
  const path = finding.path === '' ? '' : ` ${finding.path}:`;
  return `${finding.file}:${finding.line}:${finding.column}${path} ${finding.message}`;
}
