import type { PackCode } from '../pack.ts';
import { EMIT_EVENT, isBuiltinName } from '../tools/builtin.ts';
import { type CodeId, codeText } from './release.ts';
import type { LoadedPack, ResolvedAgent } from './resolved.ts';
import { own } from './words.ts';

/** What an invocation began with, and what a worker has to go on with it. */
export interface Fitness {
  resolved: ResolvedAgent;
  /** The code that it began with; undefined for a journal that is older than that code is recorded. */
  began: CodeId | undefined;
  /** The pack of this worker, with its code made for the recorded parameters. */
  pack: Pick<LoadedPack, 'manifest' | 'agents' | 'code' | 'release'>;
  /** Whether the pack's players answer for it. */
  played: boolean;
}

/**
 * Which part of the recorded definition code that may go on does not have, in words; null when it has all of them. What it
 * lacks another worker may have. Pure.
 */
export function lackOf(fitness: Fitness): string | null {
  const { pack, resolved } = fitness;
  const missing = missingOf(fitness);
  return missing === null ? null : `${codeText(resolved.pack, pack.release.release.code)} has no ${missing}`;
}

/** Why code of another version may not go on with what began with `began`; null when it may. Pure. */
export function unfitCode(pack: string, began: CodeId | undefined, mine: CodeId): string | null {
  if (began === undefined || began.digest === mine.digest) return null;
  const both = `it began with ${codeText(pack, began)}, and this worker has ${codeText(pack, mine)}`;
  if (began.exact || mine.exact) return `${both}; the pack leaves it to workers with the same code`;
  if (majorOf(began) !== majorOf(mine)) return `${both}, another major version`;
  return null;
}

function majorOf({ version }: CodeId): string {
  return version.slice(0, version.indexOf('.'));
}

function missingOf({ resolved, began, pack, played }: Fitness): string | null {
  const { definition, tools, decided_conditions: decided, report_schema, topics = {} } = resolved;
  const { name } = definition.metadata;
  const { code, manifest, agents } = pack;
  for (const tool of tools) {
    if (tool.delegate !== undefined) {
      if (!agents.has(tool.delegate)) return `agent ${tool.delegate}`;
    } else if (!isBuiltinName(tool.name) && !code.tools.some((one) => one.name === tool.name)) {
      return `tool ${tool.name}`;
    }
  }
  const { escalation_rules: rules, enforce = [] } = definition.autonomy;
  const byCode = rules.filter(({ when, condition }) => when === undefined && decided.includes(condition));
  const condition = byCode.find((rule) => own(code.conditions, rule.condition) === undefined);
  if (condition) return `condition ${condition.condition}`;
  const checks = code.checks ?? {};
  const check = enforce.find(({ id, require }) => require === undefined && own(checks, id) === undefined);
  if (check) return `check ${check.id}`;
  if (report_schema !== null && own(code.reports, name) === undefined) return `report of ${name}`;
  const emits = tools.some((tool) => tool.name === EMIT_EVENT);
  for (const topic of Object.keys(topics)) {
    const declared = own(manifest.topics, topic);
    if (declared === undefined) return `topic ${topic}`;
    if (emits && own(code.schemas, declared.schema) === undefined) return `schema of the topic ${topic}`;
  }
  // A pack that never had one is told so by the model itself.
  const isOther = began !== undefined && began.digest !== pack.release.release.code.digest;
  return played && isOther && own(code.players as PackCode['players'], name) === undefined ? `player of ${name}` : null;
}
