import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PlatformError } from '../../../config/errors.ts';
import { type Finding, formatFinding } from '../../../runtime/definitions/resolved.ts';
import { checkTypes } from '../../../runtime/definitions/type-check.ts';
import { packName, packOf, type Validation, validateFolder } from '../../../runtime/definitions/validate.ts';
import { gracefully } from '../session/interruption.ts';
import { watchAndRepeat } from '../session/repeat.ts';
import type { Session } from '../session/session.ts';

export interface AgentsValidateOptions {
  pack?: string;
  watch?: boolean;
  /** False to leave out the types of the pack's TypeScript. */
  types?: boolean;
}

/** Lists errors and warnings on stdout, then counts them; exit code 1 when there are errors. */
export async function validateAgents(session: Session, dir: string, options: AgentsValidateOptions): Promise<number> {
  const pack = await choosePack(session, resolve(dir), options.pack);
  if (options.watch) {
    const folders = [(await packOf(resolve(dir))) ?? resolve(dir), ...(pack === null ? [] : [pack])];
    return watchAndRepeat(session, [...new Set(folders)]);
  }
  const { settings, logFile } = session;
  // A pack's code is not imported in here: nothing could stop it.
  const checked = (folder: string) => gracefully((signal) => checkTypes(folder, { signal }));
  const types = options.types === false ? undefined : checked;
  const found = await validateFolder(dir, { pack, types, model: settings.model, log: logFile.log });
  const ok = found.errors.length === 0;
  if (session.json) session.sayJson({ ok, ...found });
  else session.say(listing(found));
  return ok ? 0 : 1;
}

/** The pack that supplies what agent files refer to: the named one; for files without a pack, the only one of the settings. */
async function choosePack({ settings }: Session, dir: string, named: string | undefined): Promise<string | null> {
  if (named === undefined) {
    const [only, ...more] = settings.packs;
    return (await packOf(dir)) === null && only !== undefined && more.length === 0 ? only : null;
  }
  const folder = resolve(named);
  const own = existsSync(join(dir, 'pack.yaml'));
  if (own && folder !== dir && (await packName(dir)) !== named) {
    throw new PlatformError('usage.invalid', `${dir} is a pack itself; --pack is for a folder of agent files alone`);
  }
  if (own) return null;
  if (existsSync(join(folder, 'pack.yaml'))) return folder;
  const names = new Map<string, string>();
  for (const each of settings.packs) names.set((await packName(each)) ?? each, each);
  const found = names.get(named);
  if (found !== undefined) return found;
  throw new PlatformError(
    'usage.invalid',
    `--pack takes a pack's folder or the name of a pack in the settings, got ${JSON.stringify(named)}; ` +
      `there are: ${[...names.keys()].join(', ') || 'none'}`,
  );
}

function listing({ pack, agents, errors, warnings, remarks }: Validation): string {
  const lines = (title: string, findings: readonly Finding[]): string[] =>
    findings.length === 0 ? [] : [title, ...findings.map(formatFinding), ''];
  const known =
    pack === null ? 'checked without a pack, so not whether tools, topics and scopes exist' : `with the pack ${pack}`;
  const counts = [count(errors.length, 'error'), count(warnings.length, 'warning')].join(', ');
  return [
    ...lines('Errors', errors),
    ...lines('Warnings', warnings),
    `${count(agents, 'agent')}: ${counts} (${known})`,
    ...remarks,
  ].join('\n');
}

function count(number: number, what: string): string {
  return `${number === 0 ? 'no' : number} ${what}${number === 1 ? '' : 's'}`;
}
