import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { checkAgents } from './check-agents.ts';
import { checkManifest } from './check-manifest.ts';
import { codeDigest } from './code-digest.ts';
import { invalidDefinitions, sortFindings } from './findings.ts';
import { keysAt, textAt } from './located.ts';
import { remade } from './parameters.ts';
import { readPack } from './read.ts';
import { type Parameters, releaseOf } from './release.ts';
import type { Finding, LoadedAgent, LoadedPack } from './resolved.ts';
import { type CheckedAgent, resolveAgent } from './resolve.ts';
import { agentsByName, type PackSource } from './source.ts';
import { type Path, quote } from './words.ts';

export interface LoadOptions {
  /** Handed to the pack's `create`. The loader itself logs nothing: warnings are returned with the pack. */
  log: Logger;
}

/** Loads one pack. Throws as `loadPacks` does. */
export async function loadPack(folder: string, options: LoadOptions): Promise<LoadedPack> {
  const [pack] = await loadPacks([folder], options);
  if (!pack) throw new Error('one folder gives one pack');
  return pack;
}

/**
 * Loads packs and checks them, alone and together. Throws `pack.not_found` for a folder without `pack.yaml`, else one
 * `definitions.invalid` with every finding of every pack: a line each in the message, objects in `details.findings`.
 */
export async function loadPacks(folders: readonly string[], { log }: LoadOptions): Promise<LoadedPack[]> {
  const sources: PackSource[] = [];
  for (const folder of folders) sources.push(await readPack(folder, log));
  const errors: Finding[] = sharedNames(sources);
  for (const source of sources) {
    const { errors: wrong, warnings } = checkAgents(source);
    source.warnings.push(...warnings);
    errors.push(...source.errors, ...wrong, ...checkManifest(source));
  }
  if (errors.length > 0) throw invalidDefinitions(errors);
  return Promise.all(sources.map((source) => toPack(source, log)));
}

async function toPack(source: PackSource, log: Logger): Promise<LoadedPack> {
  const { folder, manifest, code, module, agents: read, warnings } = source;
  const parameters = (source.parameters ?? {}) as Parameters;
  if (manifest === null || code === null || module === null)
    throw new Error(`${folder}: nothing was found wrong, yet it is not complete`);
  const checked = new Map<string, CheckedAgent>();
  for (const { definition, prompt } of read) {
    if (definition === null || prompt === null) throw new Error(`${folder}: an agent is not complete`);
    checked.set(definition.metadata.name, { definition, prompt });
  }
  const agents = new Map<string, LoadedAgent>();
  for (const [name, agent] of checked) agents.set(name, resolveAgent(agent, manifest, code, checked, parameters));
  const data = manifest.data === undefined ? null : resolve(folder, manifest.data.folder);
  const release = releaseOf(manifest, await codeDigest(folder, data), agents);
  const remake = remade(module, parameters, code, { yaml: source.yaml, log });
  const pack: LoadedPack = {
    folder,
    manifest,
    code,
    agents,
    release,
    warnings: sortFindings(warnings),
    withParameters: (recorded) => {
      const made = remake(recorded);
      if ('wrong' in made) return made;
      return made.code === code ? pack : { ...pack, code: made.code };
    },
  };
  return pack;
}

/** Agents, topics, schedules and endpoints are addressed without their pack's name, so no two packs may share one. */
function sharedNames(sources: readonly PackSource[]): Finding[] {
  const errors: Finding[] = [];
  const owners = new Map<string, PackSource>();
  const claim = (kind: string, name: string, source: PackSource, find: (message: string) => Finding) => {
    const owner = owners.get(`${kind} ${name}`);
    if (owner === undefined) owners.set(`${kind} ${name}`, source);
    else if (owner !== source) {
      errors.push(
        find(`the ${kind} ${quote(name)} is already declared in ${owner.yaml.file}, expected a name of its own`),
      );
    }
  };
  for (const source of sources) {
    const { yaml } = source;
    const name = textAt(yaml, ['metadata', 'name']);
    if (name !== null) claim('pack', name, source, (message) => yaml.finding(['metadata', 'name'], message));
    for (const [agent, { yaml: file }] of agentsByName(source)) {
      claim('agent', agent, source, (message) => file.finding(['metadata', 'name'], message));
    }
    for (const [kind, key] of [
      ['topic', 'topics'],
      ['schedule', 'schedules'],
    ] as const) {
      for (const entry of keysAt(yaml, [key])) {
        const path: Path = [key, entry];
        claim(kind, entry, source, (message) => yaml.finding(path, message, 'key'));
      }
    }
    for (const group of keysAt(yaml, ['endpoints'])) {
      for (const entry of keysAt(yaml, ['endpoints', group])) {
        const path: Path = ['endpoints', group, entry];
        claim('endpoint', `${group}.${entry}`, source, (message) => yaml.finding(path, message, 'key'));
      }
    }
  }
  return errors;
}
