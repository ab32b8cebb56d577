import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { PlatformError } from '../../config/errors.ts';
import { decodeText } from '../../config/text-bytes.ts';
import { listAgents, PACK_FILE } from './agent-files.ts';
import { codeOf, displayPath, findInside, openInside } from './files.ts';
import { checkLocated, keysAt, type LocatedYaml, parseLocated, textAt } from './located.ts';
import { createCode, importModule } from './module.ts';
import { whyNotRecorded } from './parameters.ts';
import { resolvePrompt } from './prompt.ts';
import type { Finding } from './resolved.ts';
import { AgentDefinition, PackManifest } from './schema.ts';
import { type AgentSource, nameOf, type PackSource } from './source.ts';
import { didYouMean, oneOf, own, quote } from './words.ts';

/**
 * Reads a pack's files and imports its module. It goes on after every finding, with what can still be read, so that one
 * look shows all that is wrong. Throws `pack.not_found` only: without a `pack.yaml` there is nothing to look at.
 */
export async function readPack(given: string, log: Logger): Promise<PackSource> {
  const frame = await readFrame(resolve(given), log);
  const agents = await readAgents(frame);
  return { ...frame, agents };
}

/**
 * Reads the agent files of any folder as if they were a pack's own: its tools, topics, scopes and parameters come from
 * there. Without a pack, what only a pack can tell is not asked.
 */
export async function readAgentFolder(given: string, pack: string | null, log: Logger): Promise<PackSource> {
  const folder = resolve(given);
  const frame = pack === null ? noFrame(folder) : { ...(await readFrame(resolve(pack), log)), folder };
  const { files, passedOver } = await listAgents(folder);
  const agents: AgentSource[] = [];
  for (const file of files) agents.push(await readAgent(file, frame));
  return { ...frame, warnings: [...frame.warnings, ...passedOver], agents };
}

/** A pack without its agents. */
type Frame = Omit<PackSource, 'agents'>;

async function readFrame(folder: string, log: Logger): Promise<Frame> {
  const path = join(folder, PACK_FILE);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new PlatformError(
      'pack.not_found',
      `${displayPath(path)} cannot be read (${codeOf(error)}); a pack is a folder with a pack.yaml`,
      { cause: error, details: { folder } },
    );
  });
  const yaml = parseLocated(displayPath(path), bytes);
  const errors: Finding[] = [];
  const manifest = checkLocated(yaml, PackManifest, errors);
  const module = await importModule(folder, yaml, errors);
  const parameters = await readParameters(folder, yaml, module?.parameters ?? null, errors);
  const code = module === null ? null : createCode(module, parameters, log, yaml, errors);
  return { folder, yaml, manifest, code, module, parameters, errors, warnings: [] };
}

function noFrame(folder: string): Frame {
  const yaml = parseLocated('', '');
  return { folder, yaml, manifest: null, code: null, module: null, parameters: null, errors: [], warnings: [] };
}

type Schemas = Parameters<typeof createCode>[0]['parameters'];

/** Parameter name → its values; null for one that exists but is invalid. */
async function readParameters(
  folder: string,
  yaml: LocatedYaml,
  schemas: Schemas | null,
  errors: Finding[],
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  const declared = schemas === null ? null : Object.keys(schemas);
  for (const name of keysAt(yaml, ['parameters'])) {
    values[name] = null;
    const path = ['parameters', name];
    const file = textAt(yaml, path);
    if (file === null) continue;
    const schema = own(schemas ?? {}, name);
    if (declared !== null && schema === undefined) {
      const message = `the module declares no parameters ${quote(name)}, expected ${oneOf(declared)}`;
      errors.push(yaml.finding(path, message + didYouMean(name, declared), 'key'));
    }
    const opened = await openInside(folder, folder, file);
    if (!opened.ok) {
      errors.push(yaml.finding(path, opened.wrong));
      continue;
    }
    const located = parseLocated(displayPath(opened.path), opened.bytes);
    if (schema !== undefined) {
      const read = checkLocated(located, schema, errors);
      values[name] = read;
      const wrong = read === null ? null : whyNotRecorded(schema, read);
      if (wrong !== null) errors.push(yaml.finding(path, wrong, 'key'));
    } else errors.push(...located.findings);
  }
  for (const name of declared ?? []) {
    if (Object.hasOwn(values, name)) continue;
    values[name] = null;
    errors.push(yaml.finding(['parameters', name], `is missing, expected the path of the file with these parameters`));
  }
  return values;
}

async function readAgents(frame: Frame): Promise<AgentSource[]> {
  const { folder, yaml, errors, warnings } = frame;
  const name = textAt(yaml, ['agents']) ?? 'agents';
  const found = await findInside(folder, folder, name);
  if (!found.ok) {
    errors.push(yaml.finding(['agents'], found.wrong));
    return [];
  }
  const listed = await listAgents(found.path).catch((error: unknown) => {
    errors.push(
      yaml.finding(['agents'], `${quote(name)} cannot be listed (${codeOf(error)}), expected a folder of agent files`),
    );
    return null;
  });
  if (listed === null) return [];
  const { files, passedOver } = listed;
  warnings.push(...passedOver);
  if (files.length === 0) {
    errors.push(yaml.finding(['agents'], `${quote(name)} holds no *.yaml file, expected at least one agent`));
  }
  const agents: AgentSource[] = [];
  for (const file of files) agents.push(await readAgent(file, frame));
  return agents;
}

async function readAgent(path: string, { folder, parameters, errors }: Frame): Promise<AgentSource> {
  const opened = await openInside(folder, dirname(path), path.slice(dirname(path).length + 1));
  const yaml = parseLocated(displayPath(path), opened.ok ? opened.bytes : '');
  if (!opened.ok) {
    errors.push(yaml.finding([], opened.wrong));
    return { yaml, text: '', name: null, definition: null, prompt: null };
  }
  const definition = checkLocated(yaml, AgentDefinition, errors);
  const prompt = await readPrompt(path, yaml, folder, parameters, errors);
  return { yaml, text: Buffer.from(opened.bytes).toString('utf8'), name: nameOf(yaml), definition, prompt };
}

async function readPrompt(
  agentPath: string,
  yaml: LocatedYaml,
  folder: string,
  parameters: Record<string, unknown> | null,
  errors: Finding[],
): Promise<string | null> {
  const path = ['core_context', 'system_prompt', 'file'];
  const file = textAt(yaml, path);
  if (file === null || file === '') return null;
  const opened = await openInside(folder, dirname(agentPath), file);
  if (!opened.ok) {
    errors.push(yaml.finding(path, opened.wrong));
    return null;
  }
  const decoded = decodeText(opened.bytes);
  if (!decoded.ok) {
    const { line, column, wrong } = decoded;
    errors.push({ file: displayPath(opened.path), line, column, path: '', message: `the file ${wrong}` });
    return null;
  }
  if (decoded.text.trim() === '') {
    errors.push(yaml.finding(path, `${quote(file)} is empty, expected the agent's system prompt`));
    return null;
  }
  if (parameters === null) return decoded.text;
  const { text, problems } = resolvePrompt(decoded.text, parameters);
  errors.push(...problems.map((problem) => ({ file: displayPath(opened.path), ...problem })));
  return text;
}
