import { spawn } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PLATFORM_ROOT } from '../../config/root.ts';
import { PACK_FILE } from './agent-files.ts';
import { displayPath, findInside } from './files.ts';
import { parseLocated, textAt } from './located.ts';
import type { Finding } from './resolved.ts';

/**
 * Type errors of a pack's TypeScript, as the compiler finds them that its author has, or else the platform's. It runs as a
 * process, since compilers differ in all but their command line. Whatever keeps it from answering is a remark, no error:
 * packs run without a compiler.
 */
export interface TypeCheck {
  findings: Finding[];
  /** Why types were not checked; null when they were, or when there is nothing to check. */
  remark: string | null;
}

const NOTHING: TypeCheck = { findings: [], remark: null };
const NO_COMPILER = 'types were not checked: no TypeScript compiler was found (npm install --save-dev typescript)';

/** A compiler that takes longer is not waited for. */
const TIMEOUT_MS = 60_000;

export interface TypeCheckOptions {
  /** Where the platform's own compiler would be. */
  platform?: string;
  /** Ends the compiler, and throws its reason. */
  signal?: AbortSignal;
}

export async function checkTypes(
  folder: string,
  { platform = PLATFORM_ROOT, signal }: TypeCheckOptions = {},
): Promise<TypeCheck> {
  const bytes = await readFile(join(folder, PACK_FILE)).catch(() => null);
  const name = bytes === null ? null : textAt(parseLocated('', bytes), ['module']);
  const module = name === null ? null : await findInside(folder, folder, name);
  if (!module?.ok || !module.path.endsWith('.ts')) return NOTHING;
  const compiler = compilerFor(folder) ?? compilerFor(platform);
  if (compiler === null) return { findings: [], remark: NO_COMPILER };
  const work = await mkdtemp(join(tmpdir(), 'agent-platform-types-'));
  try {
    const config = join(work, 'tsconfig.json');
    await writeFile(config, JSON.stringify(projectOf(folder, module.path)));
    const ended = await run([compiler, '-p', config, '--pretty', 'false'], folder, signal);
    signal?.throwIfAborted();
    return toldBy(ended, folder, await realpath(folder));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function compilerFor(folder: string): string | null {
  try {
    const path = createRequire(join(folder, 'x')).resolve('typescript/package.json');
    const compiler = join(dirname(path), 'bin', 'tsc');
    return existsSync(compiler) ? compiler : null;
  } catch {
    return null;
  }
}

/** The options of the author's own project, if there is one; whatever would write, or is about other files, is put off. */
function projectOf(folder: string, module: string): Record<string, unknown> {
  const above = foldersAbove(folder);
  const own = above.map((each) => join(each, 'tsconfig.json')).find((path) => existsSync(path));
  const typeRoots = [...above, PLATFORM_ROOT].map((each) => join(each, 'node_modules/@types')).filter(existsSync);
  const node = typeRoots.some((each) => existsSync(join(each, 'node')));
  return {
    ...(own === undefined ? {} : { extends: own }),
    compilerOptions: {
      ...(own === undefined ? { strict: true, target: 'es2023', lib: ['es2023'], types: node ? ['node'] : [] } : {}),
      // A pack's files are modules, whatever a package.json says, and name each other with `.ts`.
      module: 'esnext',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
      allowImportingTsExtensions: true,
      noEmit: true,
      composite: false,
      incremental: false,
      declaration: false,
      declarationMap: false,
      emitDeclarationOnly: false,
      tsBuildInfoFile: null,
      outDir: null,
      rootDir: null,
      baseUrl: null,
      skipLibCheck: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      typeRoots,
      paths: {
        'agent-platform/sdk': typesOf('runtime/sdk'),
        'agent-platform/tables': typesOf('runtime/kit/tables/index'),
        'agent-platform/text': typesOf('runtime/kit/text/index'),
        'agent-platform/testing': typesOf('bridge/testing/index'),
      },
    },
    files: [module],
    include: [],
  };
}

/** Of a checkout its sources, of an installed package its declarations. */
function typesOf(file: string): string[] {
  return [join(PLATFORM_ROOT, `${file}.ts`), join(PLATFORM_ROOT, `types/${file}.d.ts`)];
}

function foldersAbove(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...foldersAbove(above)];
}

interface Ended {
  output: string;
  /** Null when it was killed, or could not be started. */
  code: number | null;
}

/** It has a process group of its own, since a compiler may be a process of another one, and is ended with all of it. */
function run(args: readonly string[], cwd: string, signal?: AbortSignal): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    const kill = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const timer = setTimeout(kill, TIMEOUT_MS);
    signal?.addEventListener('abort', kill);
    const end = (code: number | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      done({ output, code });
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => void (output += chunk));
    child.on('error', () => end(null));
    child.on('close', end);
  });
}

/** `pack.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.` */
const PLACED = /^(.+)\((\d+),(\d+)\): error (TS\d+): (.*?)\.?$/;
const UNPLACED = /^error (TS\d+): (.*?)\.?$/;

/** Errors elsewhere (in the platform, in packages) are not the pack's. */
function toldBy({ output, code }: Ended, folder: string, real: string): TypeCheck {
  const lines = output.split(/\r?\n/);
  const placed = lines.flatMap((line) => {
    const found = PLACED.exec(line);
    return found === null ? [] : [found];
  });
  const findings = placed.flatMap(([, file = '', line, column, error, message]): Finding[] => {
    const path = resolve(folder, file);
    const inside = [folder, real].some((root) => path.startsWith(`${root}/`)) && !path.includes('/node_modules/');
    const told = `${message} (${error}), expected TypeScript whose types fit`;
    return inside
      ? [{ file: displayPath(path), line: Number(line), column: Number(column), path: '', message: told }]
      : [];
  });
  const whole = lines.map((line) => UNPLACED.exec(line)).find((found) => found !== null);
  if (whole) return { findings, remark: `types were not checked in full: ${whole[2]} (${whole[1]})` };
  const silent = code !== 0 && placed.length === 0;
  return {
    findings,
    remark: silent
      ? `types were not checked: the compiler ${code === null ? 'gave no answer' : `ended with ${code}`}`
      : null,
  };
}
