import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from '../support/suite.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Imports run one way. A folder may import itself and what is listed; nobody may import a pack. */
const ARROWS: Record<string, string[]> = {
  config: [],
  runtime: ['config'],
  actors: ['config', 'runtime'],
  bridge: ['config', 'runtime', 'actors'],
};
const CORE = Object.keys(ARROWS);

/**
 * The rooms of `bridge/`, from the ground up, and which of the rooms above it in this list each may import, types included. A
 * room is one folder; inside of `cli/` there are four. What is not used any more is struck off.
 */
const ROOMS: Record<string, string[]> = {
  terminal: [],
  contract: ['terminal'],
  journals: ['terminal'],
  platform: ['terminal', 'journals'],
  views: ['terminal', 'contract', 'journals', 'platform'],
  follow: ['contract', 'journals', 'platform'],
  commands: ['contract', 'journals', 'platform', 'views', 'follow'],
  serve: ['contract', 'platform', 'commands'],
  http: ['terminal', 'contract', 'platform', 'views', 'follow', 'commands', 'serve'],
  nats: ['terminal', 'contract', 'platform', 'views', 'commands', 'serve'],
  testing: ['contract', 'journals', 'platform', 'views', 'follow', 'commands'],
  doctor: ['platform'],
  backup: ['platform'],
  'cli/session': ['terminal', 'platform', 'commands'],
  'cli/render': ['terminal', 'contract', 'journals', 'views', 'cli/session'],
  'cli/actions': [
    ...['terminal', 'contract', 'journals', 'platform', 'views', 'follow', 'commands', 'serve', 'http', 'nats'],
    ...['doctor', 'backup', 'cli/session', 'cli/render'],
  ],
  cli: ['terminal', 'contract', 'platform', 'cli/session', 'cli/actions'],
};

/** The same input gives the same output, in every process and on every day: no clock, no chance, no client, no file. */
const PURE = [
  /^runtime\/policy\//,
  /^runtime\/cel\//,
  /^runtime\/context\//,
  /^runtime\/kit\/text\//,
  /^runtime\/journal\/entry[^/]*\.ts$/,
  /^runtime\/canonical\.ts$/,
  /^actors\/[^/]+\/machine\.ts$/,
];
const IMPURE_CODE =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bperformance\.|\bprocess\.|\bsetTimeout\b|\bsetInterval\b|\bfetch\(/;
const IMPURE_IMPORT = /^(node:.*|nats|ioredis|pino|@duckdb\/.*|fs|path|crypto)$/;

/** The core serves every business: words of one stay in its pack. NATS has accounts of its own. */
const DOMAIN = /churn|csm|customer|renewal|account/i;
const NATS_WORDS = /getAccountInfo|AccountInfo|ACCOUNT_EXPIRED/g;
const MAX_LINES = 300;
/** `agent-platform/tables` and `agent-platform/text`. */
const KIT = 'runtime/kit/';

const WRITING = /\b(stdout|stderr)\s*\.write\b|\bconsole\./;
/** The one place, and the keeper, whose streams are a protocol and a log. */
const WRITES = new Set(['bridge/terminal/output.ts', 'config/services/keeper.ts']);

/** Servers, models and formats that a command without a pack has no use for, and the code that loads packs. */
const HEAVY = /^(ioredis|croner|hono|@hono.*|@anthropic.*|@duckdb.*|.*definitions\/load\.ts)$/;
/** Each entry of the command line, and what must not be loaded with it. */
const LIGHT: Record<string, RegExp> = {
  'bridge/cli/main.ts':
    /^(string-width|zod|xstate|nats|ioredis|pino|yaml|croner|@.*|actors\/.*|runtime\/definitions\/.*)$/,
  'bridge/platform/records.ts': /^(zod|ioredis|croner|@.*|runtime\/(definitions|memory|schedules)\/.*)$/,
  'bridge/cli/actions/runs-list.ts': /^(zod|ioredis|croner|@.*|runtime\/(cel|definitions|memory|schedules)\/.*)$/,
  'bridge/cli/actions/runs-show.ts': HEAVY,
  'bridge/cli/actions/runs-quarantined.ts': HEAVY,
  'bridge/cli/actions/human-show.ts': HEAVY,
  'bridge/cli/actions/policy-explain.ts': HEAVY,
  // A pack loads it with its module, also for commands that read no data.
  'runtime/kit/tables/index.ts': /^(nats|ioredis|croner|hono|@.*|actors\/.*)$/,
  'runtime/kit/text/index.ts': /^(?!runtime\/kit\/text\/)/,
  'config/services/keeper.ts': /^(?!node:|config\/)/,
};

interface Import {
  specifier: string;
  typeOnly: boolean;
  dynamic: boolean;
}

interface Source {
  /** Relative to the project, with `/`. */
  path: string;
  text: string;
  imports: Import[];
}

const IMPORT = /(?:^|\n|;)\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/g;

function sources(folder: string): Source[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('node_modules'))
    .map((file) => {
      const text = readFileSync(join(ROOT, folder, file), 'utf8');
      const imports = [...text.matchAll(IMPORT)].map(([, type, named, dynamic]) => ({
        specifier: named ?? dynamic ?? '',
        typeOnly: type !== undefined,
        dynamic: dynamic !== undefined,
      }));
      return { path: join(folder, file), text, imports };
    });
}

/** A relative import as a path of the project, null for a package. */
function target(from: Source, { specifier }: Import): string | null {
  return specifier.startsWith('.') ? relative(ROOT, join(ROOT, dirname(from.path), specifier)) : null;
}

/** Lines of code without comments, each with its number. */
function codeLines(text: string): [number, string][] {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(^|\s)\/\/.*$/gm, '');
  return code.split('\n').map((line, at) => [at + 1, line]);
}

const core = CORE.flatMap(sources);
const packs = sources('packs');
const testPacks = sources('test/packs');
const test = suite('layering');

test('imports run one way: config, runtime, actors, bridge', () => {
  const wrong = core.flatMap((file) => {
    const own = file.path.split('/')[0] ?? '';
    const allowed = [own, ...(ARROWS[own] ?? [])];
    return file.imports.flatMap((one) => {
      const to = target(file, one);
      return to === null || allowed.includes(to.split('/')[0] ?? '') ? [] : [`${file.path} imports ${to}`];
    });
  });
  assert.deepEqual(wrong, []);
});

test('each room of bridge imports the rooms below it that its line names, no other, and each of them', () => {
  const diskSpaceOf = (path: string) => dirname(relative('bridge', path));
  const used = new Map<string, Map<string, string>>();
  for (const file of core) {
    if (!file.path.startsWith('bridge/')) continue;
    const room = diskSpaceOf(file.path);
    const arrows = used.get(room) ?? used.set(room, new Map()).get(room);
    for (const one of file.imports) {
      const to = target(file, one);
      if (to?.startsWith('bridge/') && diskSpaceOf(to) !== room)
        arrows?.set(diskSpaceOf(to), `${file.path} imports ${to}`);
    }
  }
  const wrong = [...used].flatMap(([room, arrows]) =>
    [...arrows].flatMap(([to, how]) => (ROOMS[room]?.includes(to) ? [] : [how])),
  );
  assert.deepEqual(wrong, []);
  const names = Object.keys(ROOMS);
  assert.deepEqual([...used.keys()].sort(), names.toSorted());
  for (const [at, [room, allowed]] of Object.entries(ROOMS).entries()) {
    assert.deepEqual(
      allowed.filter((to) => !names.slice(0, at).includes(to)),
      [],
      `${room} imports upwards`,
    );
    assert.deepEqual(allowed.toSorted(), [...(used.get(room)?.keys() ?? [])].sort(), `the arrows of ${room}`);
  }
});

test('the core knows itself by path, never by its public name', () => {
  const wrong = core.flatMap((file) =>
    file.imports.flatMap(({ specifier }) =>
      specifier.startsWith('agent-platform') ? [`${file.path} imports ${specifier}`] : [],
    ),
  );
  assert.deepEqual(wrong, []);
});

test('a pack imports agent-platform/sdk and the kit for packs, its own files and npm packages', () => {
  assert.ok(packs.some(({ imports }) => imports.some(({ specifier }) => specifier === 'agent-platform/sdk')));
  const wrong = [...packs, ...testPacks].flatMap((file) => {
    const [first = '', second = '', third = ''] = file.path.split('/');
    const own = first === 'packs' ? `${first}/${second}/` : `${first}/${second}/${third}/`;
    return file.imports.flatMap((one) => {
      const to = target(file, one);
      const fine = to === null ? !/^agent-platform\/(?!(sdk|tables|text)$)/.test(one.specifier) : to.startsWith(own);
      return fine ? [] : [`${file.path} imports ${to ?? one.specifier}`];
    });
  });
  assert.deepEqual(wrong, []);
});

test('the kit is for packs: the core works without it', () => {
  const wrong = core
    .filter(({ path }) => !path.startsWith(KIT))
    .flatMap((file) =>
      file.imports.flatMap((one) =>
        target(file, one)?.startsWith(KIT) ? [`${file.path} imports ${one.specifier}`] : [],
      ),
    );
  assert.deepEqual(wrong, []);
});

test('no file imports itself by a way through others, types included', () => {
  const next = new Map(
    [...core, ...packs, ...testPacks].map((file) => [
      file.path,
      file.imports.flatMap((one) => target(file, one) ?? []),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (done.has(path) || way.includes(path)) return;
    for (const to of next.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  assert.deepEqual(circles, []);
});

test('what only looks at records, or prints help, loads no code that it does not use', () => {
  const byPath = new Map(core.map((file) => [file.path, file]));
  const wrong = Object.entries(LIGHT).flatMap(([start, unused]) => {
    const way = new Map<string, string>([[start, start]]);
    for (const [path, through] of way) {
      const file = byPath.get(path);
      for (const one of file?.imports ?? []) {
        const to = file && !one.typeOnly && !one.dynamic ? (target(file, one) ?? one.specifier) : path;
        if (!way.has(to)) way.set(to, `${through} → ${to}`);
      }
    }
    assert.ok(byPath.has(start), start);
    return [...way].flatMap(([path, through]) => (unused.test(path) ? [through] : []));
  });
  assert.deepEqual(wrong, []);
});

test('every folder of the core is seen, and every relative import leads to a file', () => {
  for (const folder of CORE)
    assert.ok(
      core.some(({ path }) => path.startsWith(`${folder}/`)),
      folder,
    );
  const lost = [...core, ...packs].flatMap((file) =>
    file.imports.flatMap((one) => {
      const to = target(file, one);
      return to === null || existsSync(join(ROOT, to)) ? [] : [`${file.path} imports ${to}`];
    }),
  );
  assert.deepEqual(lost, []);
});

test('the pure files touch no clock, no chance, no client and no file', () => {
  const wrong = core
    .filter((file) => PURE.some((pure) => pure.test(file.path)))
    .flatMap((file) => [
      ...file.imports
        .filter((one) => !one.typeOnly && IMPURE_IMPORT.test(one.specifier))
        .map((one) => `${file.path} imports ${one.specifier}`),
      ...codeLines(file.text).flatMap(([at, line]) =>
        IMPURE_CODE.test(line) ? [`${file.path}:${at} ${line.trim()}`] : [],
      ),
    ]);
  assert.deepEqual(wrong, []);
});

test('text leaves for a terminal in one file', () => {
  const wrong = [...core, ...packs]
    .filter(({ path }) => !WRITES.has(path))
    .flatMap((file) =>
      codeLines(file.text).flatMap(([at, line]) => (WRITING.test(line) ? [`${file.path}:${at} ${line.trim()}`] : [])),
    );
  assert.deepEqual(wrong, []);
});

test('the path of a root, and the agent token of a batch, are spelled in one file each', () => {
  const spelled = /path(: | === )'0'|'_schedule-|startsWith\('_'\)/;
  const wrong = core.flatMap((file) =>
    codeLines(file.text).flatMap(([at, line]) =>
      spelled.test(line) && !line.startsWith('const BATCH_AGENT =') ? [`${file.path}:${at} ${line.trim()}`] : [],
    ),
  );
  assert.deepEqual(wrong, []);
});

test('time limits are not those that the garbage collector may take', () => {
  const wrong = [...core, ...packs].flatMap((file) =>
    codeLines(file.text).flatMap(([at, line]) =>
      line.includes('AbortSignal.timeout') ? [`${file.path}:${at}: abortsAfter of runtime/time-limit.ts`] : [],
    ),
  );
  assert.deepEqual(wrong, []);
});

test('no word of a business domain is in the core', () => {
  const wrong = core.flatMap((file) =>
    file.text
      .split('\n')
      .flatMap((line, at) =>
        DOMAIN.test(line.replaceAll(NATS_WORDS, '')) ? [`${file.path}:${at + 1} ${line.trim()}`] : [],
      ),
  );
  assert.deepEqual(wrong, []);
});

test(`no file of the platform is longer than ${MAX_LINES} lines`, () => {
  const long = [...core, ...packs].filter((file) => file.text.split('\n').length > MAX_LINES + 1);
  assert.deepEqual(
    long.map((file) => `${file.path}: ${file.text.split('\n').length} lines`),
    [],
  );
});

test.run();
