/**
 * Readies the checkout for `npm pack`: `dist/` without paths of this machine, and `types/`, the declarations of what packs
 * import. With `--done` both are taken back: the next command writes its own `dist/`. Not part of the package.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, forget } from './build.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROJECT = `${ROOT}tsconfig.package.json`;
const TYPES = `${ROOT}types`;

rmSync(TYPES, { recursive: true, force: true });
forget();
if (process.argv[2] !== '--done') {
  await build({ portable: true });
  declare();
}

function declare() {
  const project = {
    extends: './tsconfig.json',
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      incremental: false,
      tsBuildInfoFile: null,
      rootDir: '.',
      outDir: 'types',
    },
    include: [],
    files: ['runtime/sdk.ts', 'runtime/kit/tables/index.ts', 'runtime/kit/text/index.ts', 'bridge/testing/index.ts'],
  };
  writeFileSync(PROJECT, JSON.stringify(project));
  try {
    const compiler = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript/package.json')));
    const { status } = spawnSync(process.execPath, [compiler, '-p', PROJECT], { stdio: ['ignore', 2, 2] });
    if (status !== 0) process.exit(1);
  } finally {
    rmSync(PROJECT);
  }
}
