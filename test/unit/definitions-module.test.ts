import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseLocated } from '../../runtime/definitions/located.ts';
import { importModule } from '../../runtime/definitions/module.ts';
import { formatFinding } from '../../runtime/definitions/resolved.ts';
import { suite } from '../support/suite.ts';
import { findingsOf, greenhouse, removeFolders, spoil, writeFiles } from './definitions-fixture.ts';

const test = suite('definitions: a module that cannot be imported');
test.after.each(removeFolders);

async function wrong(files: Record<string, string>): Promise<string[]> {
  return (await findingsOf(files)).map((finding) => formatFinding(finding));
}

/** The greenhouse with TypeScript in place of its module. */
function written(text: string) {
  return { ...spoil(greenhouse(), 'pack.yaml', './pack.mjs', './pack.ts'), 'pack.ts': text };
}

test('what does not compile is named at its line and column, also in a file that the module imports', async () => {
  assert.deepEqual(await wrong(written('export const a: number = 1;\nconst = 5;\n')), [
    'pack.ts:2:7 Unexpected token `=`. Expected yield, an identifier, [ or {, expected TypeScript that compiles',
  ]);
  const nested = { ...written("import './beds.ts';\nexport default {};\n"), 'beds.ts': '\n\nlet x = ;\n' };
  assert.deepEqual(await wrong(nested), ['beds.ts:3:9 Expression expected, expected TypeScript that compiles']);
});

test('what throws while it is imported is named with the place in the pack', async () => {
  const text = "import { beds } from './beds.ts';\nexport default beds();\n";
  const beds = "export function beds(): never {\n  throw new Error('no beds');\n}\n";
  assert.deepEqual(await wrong({ ...written(text), 'beds.ts': beds }), [
    'pack.yaml:6:9 module: "./pack.ts" threw while it was imported: no beds at beds.ts:2:9, expected a module',
  ]);
});

test('a module that waits at its top level for ever is given up', async () => {
  const folder = await writeFiles({ 'pack.mjs': 'await new Promise(() => {});\nexport default {};\n' });
  const errors: Parameters<typeof importModule>[2] = [];
  const yaml = parseLocated(join(folder, 'pack.yaml'), 'module: ./pack.mjs\n');
  assert.equal(await importModule(folder, yaml, errors, 50), null);
  assert.equal(
    errors[0]?.message,
    '"./pack.mjs" was not imported within 0.05 s, expected no top-level await that never settles',
  );
});

test.run();
