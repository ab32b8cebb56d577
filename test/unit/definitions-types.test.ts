import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, watch } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatFinding } from '../../runtime/definitions/resolved.ts';
import { checkTypes, type TypeCheck } from '../../runtime/definitions/type-check.ts';
import { suite } from '../support/suite.ts';
import { inPack, removeFolders, writeFiles } from './definitions-fixture.ts';

const test = suite('types of a pack', { timeoutMs: 120_000 });
test.after.each(removeFolders);

const PACK = 'module: ./pack.ts\n';
const lines = ({ findings }: TypeCheck) => findings.map((finding) => formatFinding(inPack(finding)));

/** A compiler of the author's own that prints what it is told, and ends with a code. */
const compiler = (output: string, code: number) => ({
  'node_modules/typescript/package.json': '{"name": "typescript", "version": "5.0.0"}',
  'node_modules/typescript/bin/tsc': `process.stdout.write(${JSON.stringify(output)});\nprocess.exitCode = ${code};\n`,
});

test('type errors of all its files are found at their places, by the compiler that is at hand', async () => {
  const folder = await writeFiles({
    'pack.yaml': PACK,
    'pack.ts': `import { defineTool } from 'agent-platform/sdk';
import { beds } from './beds.ts';
const first: string = beds[0];
defineTool({ name: 3 });
export default { first };
`,
    'beds.ts': `export const beds: string[] = ['north', 7];\n`,
  });
  const found = await checkTypes(folder);
  assert.equal(found.remark, null);
  const told = lines(found);
  assert.match(told[0] ?? '', /^beds\.ts:1:41 Type 'number' is not assignable to type 'string' \(TS2322\), expected /);
  assert.match(told.find((line) => line.startsWith('pack.ts:4:')) ?? '', /^pack\.ts:4:\d+ /);
  assert.equal(told.filter((line) => !/^(beds\.ts:1|pack\.ts:[34]):/.test(line)).length, 0, told.join('\n'));
});

test('without a compiler, or without TypeScript, nothing is wrong', async () => {
  const folder = await writeFiles({ 'pack.yaml': PACK, 'pack.ts': `export default 'no' * 2;\n` });
  const { findings, remark } = await checkTypes(folder, { platform: folder });
  assert.deepEqual(findings, []);
  assert.match(remark ?? '', /^types were not checked: no TypeScript compiler was found/);
  const plain = await writeFiles({ 'pack.yaml': 'module: ./pack.mjs\n', 'pack.mjs': '' });
  assert.deepEqual(await checkTypes(plain, { platform: plain }), { findings: [], remark: null });
});

test("the author's own compiler is asked first; what it says of other files is not the pack's", async () => {
  const elsewhere = fileURLToPath(import.meta.url);
  const output = [
    'pack.ts(3,7): error TS2322: One is no other.',
    "  Types of property 'x' are incompatible.",
    `${elsewhere}(1,1): error TS2322: Not of the pack.`,
    `${dirname(elsewhere)}/pack.ts(1,1): error TS2322: Not of the pack.`,
    'node_modules/zod/index.ts(1,1): error TS2322: Not of the pack.',
  ].join('\n');
  const folder = await writeFiles({ 'pack.yaml': PACK, 'pack.ts': '', ...compiler(output, 2) });
  const found = await checkTypes(folder);
  assert.deepEqual(lines(found), ['pack.ts:3:7 One is no other (TS2322), expected TypeScript whose types fit']);
  assert.equal(found.remark, null);
});

test('a compiler that cannot work is a remark', async () => {
  for (const [output, code, remark] of [
    ["error TS5023: Unknown compiler option 'x'.\n", 1, "in full: Unknown compiler option 'x' (TS5023)"],
    ['', 7, ': the compiler ended with 7'],
  ] as const) {
    const folder = await writeFiles({ 'pack.yaml': PACK, 'pack.ts': '', ...compiler(output, code) });
    const found = await checkTypes(folder);
    assert.deepEqual(found.findings, []);
    assert.ok(found.remark?.endsWith(remark), String(found.remark));
  }
});

test('a check that is interrupted leaves neither its compiler nor a folder', async () => {
  const folder = await writeFiles({
    'pack.yaml': PACK,
    'pack.ts': '',
    'node_modules/typescript/package.json': '{"name": "typescript", "version": "5.0.0"}',
    'node_modules/typescript/bin/tsc': `require('node:fs').writeFileSync('begun', JSON.stringify([process.pid, process.argv[3]]));
setInterval(() => {}, 60_000);
`,
  });
  const begun = fileThere(join(folder, 'begun'));
  const stop = new AbortController();
  const checking = checkTypes(folder, { signal: stop.signal });
  const [pid, config] = JSON.parse(await begun) as [number, string];
  stop.abort(new Error('enough'));
  await assert.rejects(checking, /^Error: enough$/);
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  assert.ok(!existsSync(dirname(config)));
});

/** The text of a file, once it has any. */
async function fileThere(path: string): Promise<string> {
  for await (const _ of watch(dirname(path))) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text !== '') return text;
  }
  throw new Error('nobody looks any more');
}

test.run();
