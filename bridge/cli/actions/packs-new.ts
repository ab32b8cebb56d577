/** Writes a pack that runs from `templates/pack`, which is one itself and is called `my-pack`. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { PlatformError } from '../../../config/errors.ts';
import { PLATFORM_ROOT } from '../../../config/root.ts';
import { programOf, quoted } from '../render/hints.ts';
import type { Session } from '../session/session.ts';

export interface PacksNewOptions {
  name?: string;
}

const TEMPLATE = join(PLATFORM_ROOT, 'templates/pack');
/** Names of its agent, topic and schedule begin with the pack's, and are at most 63 characters long. */
const PACK_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const LONGEST = 50;

/** @throws PlatformError `pack.exists`; `usage.invalid` for a name that no pack can have */
export async function newPack(session: Session, dir: string, { name }: PacksNewOptions): Promise<number> {
  const folder = resolve(dir);
  const pack = checkedName(name ?? basename(folder), name === undefined);
  const files = filesOf(pack);
  writeWhole(folder, files);
  const { json, say, sayJson, settings } = session;
  const written = [...files.keys()].map((file) => join(folder, file));
  if (json) sayJson({ pack, folder, files: written });
  else {
    const here = quoted(relative(process.cwd(), folder) || '.');
    const program = programOf(settings);
    const test = quoted(relative(process.cwd(), join(folder, `${pack}.test.ts`)));
    say(
      [
        `the pack ${pack} is in ${folder}:`,
        ...[...files.keys()].map((file) => `  ${file}`),
        '',
        `to check it: ${program} agents validate ${here}`,
        `to run it:   AGENT_PLATFORM_PACKS=${here} ${program} schedules run-now ${snake(pack)}_check`,
        `to test it:  node --import ${registration()} --test ${test}`,
        '`packs: [FOLDER]` in agent-platform.yaml names it for every command',
      ].join('\n'),
    );
  }
  return 0;
}

function checkedName(name: string, ofFolder: boolean): string {
  if (PACK_NAME.test(name) && name.length <= LONGEST) return name;
  const from = ofFolder ? ', the name of the folder; give another one with --name NAME' : '';
  throw new PlatformError(
    'usage.invalid',
    `a new pack is called by at most ${LONGEST} letters a–z, digits and single -, a letter first, got ${JSON.stringify(name)}${from}`,
  );
}

function snake(pack: string): string {
  return pack.replaceAll('-', '_');
}

/** Path inside the pack → text. */
function filesOf(pack: string): Map<string, string> {
  const named = (text: string): string =>
    text.replaceAll('my-pack', pack).replaceAll('my_pack', snake(pack)).replaceAll('mypack', pack.replaceAll('-', ''));
  const found = readdirSync(TEMPLATE, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(TEMPLATE, file)).isFile(),
  );
  return new Map(found.sort().map((file) => [named(file), named(readFileSync(join(TEMPLATE, file), 'utf8'))]));
}

/** Written beside first, so that nothing half written stays. A folder that is there stays itself: a shell may be in it. */
function writeWhole(folder: string, files: ReadonlyMap<string, string>): void {
  let beside: string | undefined;
  try {
    const before = entriesOf(folder);
    if (before !== null && before.length > 0)
      throw new PlatformError(
        'pack.exists',
        `${folder} holds ${before[0]} already; name a folder that is new or empty`,
      );
    beside = mkdtempSync(before === null ? `${folder}.` : join(folder, '.new-'));
    const inside = join(beside, 'pack');
    for (const [file, text] of files) {
      mkdirSync(dirname(join(inside, file)), { recursive: true });
      writeFileSync(join(inside, file), text);
    }
    if (before === null) renameSync(inside, folder);
    else for (const entry of readdirSync(inside)) renameSync(join(inside, entry), join(folder, entry));
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' && !existsSync(dirname(folder)) ? `${dirname(folder)} does not exist; make it first` : message;
    throw new PlatformError('pack.denied', `${folder} cannot be written: ${why}`, { cause });
  } finally {
    if (beside !== undefined) rmSync(beside, { recursive: true, force: true });
  }
}

/** Null when there is no such folder. */
function entriesOf(folder: string): string[] | null {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** How Node finds the loader of TypeScript from here: by the package's name where it is installed, else by its path. */
function registration(): string {
  try {
    createRequire(join(process.cwd(), 'x')).resolve('agent-platform/register');
    return 'agent-platform/register';
  } catch {
    return quoted(join(PLATFORM_ROOT, 'bin/register.mjs'));
  }
}
