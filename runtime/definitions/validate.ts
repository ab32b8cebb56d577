import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { PlatformError } from '../../config/errors.ts';
import { listAgents, PACK_FILE } from './agent-files.ts';
import { checkAgents } from './check-agents.ts';
import { checkManifest } from './check-manifest.ts';
import { codeOf, displayPath } from './files.ts';
import { sortFindings } from './findings.ts';
import { parseLocated, textAt } from './located.ts';
import { readAgentFolder, readPack } from './read.ts';
import { NO_PLAYER, unplayedAgents } from './players.ts';
import { type Finding, formatFinding } from './resolved.ts';
import { agentsByName, type PackSource } from './source.ts';
import type { TypeCheck } from './type-check.ts';
import { quote } from './words.ts';

export interface Validation {
  /** Absolute: what was looked at. */
  folder: string;
  /** The name of the pack that it is, or that supplied tools, topics, scopes and parameters; null without one. */
  pack: string | null;
  /** How many agent files were read. */
  agents: number;
  /** Sorted by file, line and column. */
  errors: Finding[];
  warnings: Finding[];
  /** What could not be checked, and why: types where no compiler was found. */
  remarks: string[];
}

export interface ValidateOptions {
  /** Folder of the pack that supplies tools, topics, scopes and parameters to a folder that is no pack's own. */
  pack: string | null;
  /** Checks the types of a pack's TypeScript; absent where that is left out. */
  types?: ((folder: string) => Promise<TypeCheck>) | undefined;
  /** The model of the settings: an agent without a player is a warning for the one that needs players. */
  model?: string;
  log: Logger;
}

/**
 * Looks at a pack's folder, a pack's folder of agents, or any folder of agent files, and lists all that is wrong. Nothing
 * that stands in the files throws: `pack.not_found` means that there is nothing to look at.
 */
export async function validateFolder(given: string, { pack, types, model, log }: ValidateOptions): Promise<Validation> {
  const folder = resolve(given);
  const own = pack === null || resolve(pack) === folder ? await packOf(folder) : null;
  if (own === null) await needAgents(folder);
  const source = own === null ? await readAgentFolder(folder, pack, log) : await readPack(own, log);
  const { errors, warnings } = checkAgents(source);
  const manifest = own === null ? [] : checkManifest(source);
  const found = [...source.errors, ...errors, ...manifest];
  const checked = own === null ? undefined : await types?.(own);
  return {
    folder,
    pack: textAt(source.yaml, ['metadata', 'name']),
    agents: source.agents.length,
    errors: sortFindings([...found, ...unsaid(checked?.findings ?? [], found)]),
    warnings: sortFindings([...source.warnings, ...warnings, ...checkPlayers(source, model ?? '')]),
    remarks: checked?.remark ? [checked.remark] : [],
  };
}

/** What does not even parse is told by the import as well. */
function unsaid(types: readonly Finding[], found: readonly Finding[]): Finding[] {
  const said = new Set(found.map(({ file, line }) => `${file}:${line}`));
  return types.filter(({ file, line }) => !said.has(`${file}:${line}`));
}

function checkPlayers(source: PackSource, model: string): Finding[] {
  const agents = agentsByName(source);
  if (source.code === null) return [];
  return unplayedAgents(model, agents.keys(), source.code).flatMap((name) => {
    const message = `${quote(name)} ${NO_PLAYER}, expected players.${name} in the pack's module`;
    return agents.get(name)?.yaml.finding(['metadata', 'name'], message) ?? [];
  });
}

/** The folder of the pack whose folder, or folder of agents, this is; null when it is neither. */
export async function packOf(folder: string): Promise<string | null> {
  if (await isFile(join(folder, PACK_FILE))) return folder;
  for (let above = dirname(folder); ; above = dirname(above)) {
    const bytes = await readFile(join(above, PACK_FILE)).catch(() => null);
    if (bytes !== null) {
      const agents = textAt(parseLocated('', bytes), ['agents']) ?? 'agents';
      return resolve(above, agents) === folder ? above : null;
    }
    if (above === dirname(above)) return null;
  }
}

/** The name that a pack's folder declares; null when it cannot be read. */
export async function packName(folder: string): Promise<string | null> {
  const bytes = await readFile(join(folder, PACK_FILE)).catch(() => null);
  return bytes === null ? null : textAt(parseLocated('', bytes), ['metadata', 'name']);
}

async function needAgents(folder: string): Promise<void> {
  const { files, passedOver } = await listAgents(folder).catch((cause: unknown) => {
    const what = codeOf(cause) === 'ENOTDIR' ? 'is a file' : `cannot be listed (${codeOf(cause)})`;
    const message = `${displayPath(folder)} ${what}, expected a folder of agent files`;
    throw new PlatformError('pack.not_found', message, { cause });
  });
  if (files.length > 0) return;
  const others = passedOver.map(formatFinding).map((line) => `\n${line}`);
  const message = `${displayPath(folder)} holds neither a pack.yaml nor an agent file (*.yaml)${others.join('')}`;
  throw new PlatformError('pack.not_found', message);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
