/**
 * Writes `dist/`: each source file without its types, line by line the same. Commands run from there, since Node needs no
 * module hooks for it. Each start compares size and time of every source with what was written, and writes what differs:
 * a changed source is never run stale. An installed package comes translated, without the sources of the core.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'dist');
const MANIFEST = join(OUT, 'manifest.json');
const FOLDERS = ['config', 'runtime', 'actors', 'bridge', 'packs'];
const FORMAT = 1;

/**
 * Resolves to the number of files that were written or removed. `portable`: for a package, so without paths of this machine,
 * and without the list, by which the next start writes all of it anew. @throws Error for a source that is no TypeScript
 */
export async function build({ portable = false } = {}) {
  // An installed package: what was packed does not change.
  if (!existsSync(join(ROOT, 'config'))) return 0;
  const sources = findSources();
  const before = readManifest();
  const changed = [...sources].filter(([file, stamp]) => before[file] !== stamp).map(([file]) => file);
  const gone = Object.keys(before).filter((file) => !sources.has(file));
  if (changed.length === 0 && gone.length === 0) return 0;
  // Loaded only now: most starts find nothing to do.
  const [{ parse }, { strip }] = await Promise.all([import('es-module-lexer/js'), import('./strip-types.mjs')]);
  for (const file of changed) {
    // Its pack was given up for another file of it.
    if (!sources.has(file)) continue;
    try {
      write(translated(file), translate(file, { parse, strip, portable }));
    } catch (error) {
      const [pack] = /^packs\/[^/]+\//.exec(file) ?? [];
      if (portable || pack === undefined || error.name !== 'TransformError') throw error;
      // Whoever loads that pack tells what is wrong, at its place: without a translation it is read as one of any other folder.
      for (const each of sources.keys()) if (each.startsWith(pack)) sources.delete(each);
      rmSync(join(OUT, pack), { recursive: true, force: true });
    }
  }
  for (const file of gone) rmSync(translated(file), { force: true });
  if (!portable) write(MANIFEST, JSON.stringify({ format: FORMAT, files: Object.fromEntries(sources) }));
  return changed.length + gone.length;
}

/** The next start writes everything anew. */
export function forget() {
  rmSync(OUT, { recursive: true, force: true });
}

/** Each source, relative to the project, with what changes when it does. */
function findSources() {
  const found = new Map();
  const look = (folder) => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const file = `${folder}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== 'node_modules') look(file);
      else if (entry.name.endsWith('.ts')) {
        const { mtimeMs, size } = statSync(join(ROOT, file));
        found.set(file, `${mtimeMs} ${size}`);
      }
    }
  };
  for (const folder of FOLDERS) {
    try {
      look(folder);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
  return found;
}

function readManifest() {
  try {
    const { format, files } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
    return format === FORMAT ? files : {};
  } catch {
    return {};
  }
}

/** `./table.ts` becomes `./table.js`: as long as before, so that every column stays. Stack traces name the source. */
function translate(file, { parse, strip, portable }) {
  const path = join(ROOT, file);
  const code = strip(readFileSync(path, 'utf8'), path);
  const pieces = [];
  let at = 0;
  for (const { type, specifier, end } of parse(code, file)[0]) {
    if (specifier === undefined || !/^\.{1,2}\/.*\.ts$/.test(specifier)) continue;
    // What a dynamic import names ends behind its closing quote.
    const suffix = end - (type === 'dynamic' ? 3 : 2);
    pieces.push(code.slice(at, suffix), 'js');
    at = suffix + 2;
  }
  const named = portable ? '' : `//# sourceURL=${pathToFileURL(path).href}\n`;
  return `${pieces.join('')}${code.slice(at)}\n${named}`;
}

function translated(file) {
  return join(OUT, file.replace(/\.ts$/, '.js'));
}

/** Written beside and renamed: another command may be reading. */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

// npm runs `prepare` behind `prepack` as well: what was readied for the package stays.
const isMain = process.argv[1] === fileURLToPath(import.meta.url);
if (isMain && !/^(pack|publish)$/.test(process.env.npm_command ?? ''))
  console.log(`${await build()} files written to dist/`);
