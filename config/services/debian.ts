/**
 * Fetches a server from Debian's archive into a private cache, without root and without touching the machine's own
 * packages: apt with its own lists and cache, from the mirror that the machine uses, signatures checked by apt.
 * nats-server comes from sid and runs with the machine's libc; redis-server 8 comes from trixie with its own libc.
 *
 * Invariants:
 * 1. A server is built in a folder of its own and renamed into place complete and tried. Of two that fetch at once one
 *    rename wins and the other takes the winner's; a fetch that is killed leaves a folder that nobody uses.
 * 2. No host name stands here: the mirror is what the machine's apt is configured with.
 */
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Program } from './protocol.ts';
import { isNewEnough, type ServerName, versionOf } from './version.ts';

const run = promisify(execFile);

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const BUILDING = 'building-';
const ABANDONED_AFTER_MS = 3_600_000;

interface Recipe {
  readonly suite: string;
  readonly packages: readonly string[];
  readonly program: string;
  /** Runs with the libc that was fetched with it. */
  readonly ownLibc: boolean;
}

const RECIPES: Readonly<Record<ServerName, Recipe>> = {
  'nats-server': { suite: 'sid', packages: ['nats-server'], program: 'usr/sbin/nats-server', ownLibc: false },
  'redis-server': {
    suite: 'trixie',
    // redis-server is a link to redis-check-rdb, which is in redis-tools.
    packages: [
      ...['redis-server', 'redis-tools', 'libc6', 'libatomic1', 'libjemalloc2', 'liblzf1', 'libssl3t64'],
      ...['libstdc++6', 'libgcc-s1', 'libsystemd0', 'libcap2', 'libzstd1', 'zlib1g'],
    ],
    program: 'usr/bin/redis-server',
    ownLibc: true,
  },
};

const LOADERS: Readonly<Partial<Record<NodeJS.Architecture, { readonly file: string; readonly library: string }>>> = {
  x64: { file: 'ld-linux-x86-64.so.2', library: 'usr/lib/x86_64-linux-gnu' },
  arm64: { file: 'ld-linux-aarch64.so.1', library: 'usr/lib/aarch64-linux-gnu' },
};

/** @throws Error that says why it could not be fetched. */
export async function fetchFromDebian(
  name: ServerName,
  cacheDir: string,
  onProgress: (line: string) => void,
): Promise<Program> {
  const why = whyNotFetched();
  const release = debianRelease();
  if (why !== null || release === null) throw new Error(why ?? '');
  const home = join(cacheDir, 'servers');
  const place = placeOf(name, cacheDir);
  const cached = cachedServer(name, cacheDir);
  if (cached !== undefined) return cached;

  let building: string | undefined;
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    removeAbandoned(home);
    building = mkdtempSync(join(home, BUILDING));
    onProgress(`fetching ${name} from Debian ${RECIPES[name].suite} (once; it is kept in ${home})`);
    await download(name, building, release.codename);
    const program = await locate(name, building);
    writeFileSync(join(building, 'program.json'), JSON.stringify(relativeTo(building, program)));
    moveInto(name, cacheDir, building);
  } catch (cause) {
    throw new Error(`it could not be fetched from Debian: ${said(cause)}`, { cause });
  } finally {
    if (building !== undefined) rmSync(building, { recursive: true, force: true });
  }
  const program = readCached(place);
  if (program === undefined) throw new Error(`it was fetched to ${place} and is not there`);
  return program;
}

/** The server that an earlier command fetched; one that an earlier release fetched may be too old by now. */
export function cachedServer(name: ServerName, cacheDir: string): Program | undefined {
  const program = readCached(placeOf(name, cacheDir));
  return program && isNewEnough(name, program.version) ? program : undefined;
}

/** Null where servers are fetched by themselves. */
export function whyNotFetched(): string | null {
  if (debianRelease() === null) return 'it is fetched by itself on Debian only';
  return LOADERS[process.arch] === undefined ? `it is not fetched by itself on ${process.arch}` : null;
}

function placeOf(name: ServerName, cacheDir: string): string {
  return join(cacheDir, 'servers', `${name}-${RECIPES[name].suite}-${process.arch}`);
}

function debianRelease(): { readonly codename: string } | null {
  if (process.platform !== 'linux') return null;
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    const field = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1];
    // Testing and sid may have no codename here; their mirror is found by suite.
    return field('ID') === 'debian' ? { codename: field('VERSION_CODENAME') ?? 'sid' } : null;
  } catch {
    return null;
  }
}

/** Extracts the packages into `<folder>/root`, from the first mirror that serves the suite with Debian's signature. */
async function download(name: ServerName, folder: string, codename: string): Promise<void> {
  const { suite, packages } = RECIPES[name];
  const mirrors = await ownMirrors(codename);
  if (mirrors.length === 0) throw new Error('apt is configured with no Debian mirror on this machine');
  const failures: unknown[] = [];
  for (const mirror of mirrors) {
    const config = writeAptConfig(folder, mirror, suite);
    try {
      // Without --error-on=any apt calls a mirror that does not answer a warning.
      await run('apt-get', ['-c', config, '-q', '--error-on=any', 'update'], aptIn(folder));
      await run('apt-get', ['-c', config, '-q', 'download', ...packages], aptIn(folder));
      for (const deb of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
        await run('dpkg', ['-x', join(folder, deb), join(folder, 'root')], aptIn(folder));
        rmSync(join(folder, deb));
      }
      rmSync(join(folder, 'apt'), { recursive: true });
      return;
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

/** The machine's mirrors of its own release, not the security ones; works before any `apt-get update`. */
async function ownMirrors(codename: string): Promise<string[]> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const args = ['indextargets', '--no-release-info', '--format', format, 'Created-By: Packages'];
  const { stdout } = await run('apt-get', args, aptIn('/'));
  const targets = stdout.split('\n').map((line) => line.split(' '));
  const releases = [codename, 'stable', 'oldstable', 'testing', 'unstable', 'sid'];
  // A foreign archive may use the same release names; Debian's signature tells them apart later.
  const mirrors = releases.flatMap((release) =>
    targets.flatMap(([uri, of, component]) => (uri && of === release && component === 'main' ? [uri] : [])),
  );
  return [...new Set(mirrors)];
}

/** Read after the machine's configuration, so that its proxies and logins stay and its hooks and extras do not. */
function writeAptConfig(folder: string, mirror: string, suite: string): string {
  const apt = join(folder, 'apt');
  for (const part of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(apt, part), { recursive: true });
  const source = `deb [signed-by=${KEYRING} target=Packages lang=none] ${mirror} ${suite} main\n`;
  writeFileSync(join(apt, 'sources.list'), source);
  const config = join(apt, 'apt.conf');
  writeFileSync(
    config,
    [
      '#clear APT::Update;',
      '#clear DPkg;',
      '#clear APT::Default-Release;',
      `Dir::Etc::sourcelist ${JSON.stringify(join(apt, 'sources.list'))};`,
      'Dir::Etc::sourceparts "-";',
      'Dir::Etc::preferences "-";',
      'Dir::Etc::preferencesparts "-";',
      `Dir::State::Lists ${JSON.stringify(join(apt, 'lists'))};`,
      `Dir::Cache ${JSON.stringify(join(apt, 'cache'))};`,
      // The folder is ours alone, so the user that apt changes to when it is root could not write here.
      'APT::Sandbox::User "root";',
      'Acquire::Retries "2";',
      'Acquire::http::Timeout "20";',
      'Acquire::https::Timeout "20";',
      '',
    ].join('\n'),
  );
  return config;
}

async function locate(name: ServerName, folder: string): Promise<Program> {
  const { program, ownLibc } = RECIPES[name];
  const loader = LOADERS[process.arch];
  if (loader === undefined) throw new Error(`no loader is known for ${process.arch}`);
  const root = join(folder, 'root');
  const library = join(root, loader.library);
  const command = ownLibc
    ? { file: join(library, loader.file), args: ['--library-path', library, join(root, program)] }
    : { file: join(root, program), args: [] };
  const version = await versionOf(command);
  if (!isNewEnough(name, version)) throw new Error(`its mirror has only ${name} ${version}`);
  return { ...command, version };
}

/** Paths under the folder are kept relative, as it is renamed. */
function relativeTo(folder: string, program: Program): Program {
  const shorten = (text: string) => (text.startsWith('/') ? relative(folder, text) : text);
  return { ...program, file: shorten(program.file), args: program.args.map(shorten) };
}

function readCached(place: string): Program | undefined {
  try {
    const program = JSON.parse(readFileSync(join(place, 'program.json'), 'utf8')) as Program;
    const lengthen = (text: string) => (text.startsWith('-') ? text : join(place, text));
    const found = { ...program, file: lengthen(program.file), args: program.args.map(lengthen) };
    statSync(found.file);
    return found;
  } catch {
    return undefined;
  }
}

function moveInto(name: ServerName, cacheDir: string, building: string): void {
  const place = placeOf(name, cacheDir);
  try {
    renameSync(building, place);
  } catch {
    if (cachedServer(name, cacheDir) !== undefined) return; // Another fetch was faster (1).
    rmSync(place, { recursive: true, force: true }); // Someone emptied a part of it, or it is too old.
    renameSync(building, place);
  }
}

function removeAbandoned(home: string): void {
  for (const name of readdirSync(home).filter((entry) => entry.startsWith(BUILDING))) {
    const path = join(home, name);
    try {
      if (Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER_MS) rmSync(path, { recursive: true, force: true });
    } catch {
      // Its owner removed it in between.
    }
  }
}

function aptIn(cwd: string) {
  return { cwd, timeout: 180_000, maxBuffer: 16 * 1024 * 1024 };
}

/** The errors among what a command said, else its exit. */
function said(cause: unknown): string {
  const { stderr, message, code } = cause as { stderr?: string; message: string; code?: unknown };
  if (code === 'ENOENT') return `${message}: it is not installed`;
  const errors = stderr?.split('\n').filter((line) => line.startsWith('E:')) ?? [];
  return errors.length > 0 ? errors.slice(0, 3).join(' ') : message;
}
