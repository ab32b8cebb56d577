import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelWait, waitsText, waitText } from '../../bridge/journals/model-waits.ts';
import { codeDigest } from '../../runtime/definitions/code-digest.ts';
import { unfitCode } from '../../runtime/definitions/fitness.ts';
import { whyNotRecorded } from '../../runtime/definitions/parameters.ts';
import type { CodeId } from '../../runtime/definitions/release.ts';
import { waitForOthers } from '../../runtime/policy/retry.ts';
import { z } from '../../runtime/sdk.ts';
import { findingsOf, greenhouse, load, placeOf, spoil } from './definitions-fixture.ts';
import { suite } from '../support/suite.ts';

const test = suite('releases of a pack');

const code = (version: string, digest: string, more: Partial<CodeId> = {}): CodeId => ({ version, digest, ...more });

test('code goes on with what began with code of its major version, or with the very same code', () => {
  const cases: [CodeId | undefined, CodeId, RegExp | null][] = [
    [undefined, code('1.0.0', 'a'), null],
    [code('1.0.0', 'a'), code('1.0.0', 'a'), null],
    [code('1.0.0', 'a'), code('1.9.3', 'b'), null],
    [code('1.9.3', 'b'), code('1.0.0', 'a'), null],
    [code('0.1.0', 'a'), code('0.2.0', 'b'), null],
    [code('1.0.0', 'a'), code('2.0.0', 'a'), null],
    [
      code('1.0.0', 'a'),
      code('2.0.0', 'b'),
      /garden 1\.0\.0 \(a\), and this worker has garden 2\.0\.0 \(b\), another major/,
    ],
    [code('10.0.0', 'a'), code('1.0.0', 'b'), /another major version$/],
    [code('1.0.0', 'a', { exact: true }), code('1.0.0', 'b'), /leaves it to workers with the same code$/],
    [code('1.0.0', 'a'), code('1.0.0', 'b', { exact: true }), /leaves it to workers with the same code$/],
    [code('1.0.0', 'a', { exact: true }), code('1.0.0', 'a', { exact: true }), null],
  ];
  for (const [began, mine, why] of cases) {
    const found = unfitCode('garden', began, mine);
    if (why === null) assert.equal(found, null);
    else assert.match(found ?? '', why);
  }
});

test('the digest of the code is that of its files: not of data, tests, prompts, parameters or where they lie', async () => {
  const [one, two] = [await load(greenhouse()), await load(greenhouse())];
  assert.equal(one.release.digest, two.release.digest);
  const digest = () => codeDigest(one.folder, join(one.folder, 'data'));
  const before = await digest();
  mkdirSync(join(one.folder, 'data'));
  for (const name of ['data/x.ts', 'x.test.ts', 'notes.md']) writeFileSync(join(one.folder, name), '1');
  assert.equal(await digest(), before);
  writeFileSync(join(one.folder, 'limits.json'), '1');
  const withJson = await digest();
  assert.notEqual(withJson, before);
  rmSync(join(one.folder, 'limits.json'));
  assert.equal(await digest(), before);
  // As a volume of Kubernetes has them: all files are links into a hidden folder.
  mkdirSync(join(one.folder, '..v1'));
  symlinkSync('..v1', join(one.folder, 'linked'));
  symlinkSync('.', join(one.folder, '..v1', 'circle'));
  symlinkSync('nowhere.ts', join(one.folder, 'lost.ts'));
  writeFileSync(join(one.folder, '..v1', 'rules.ts'), '1');
  const linked = await digest();
  assert.notEqual(linked, before);
  writeFileSync(join(one.folder, '..v1', 'rules.ts'), '2');
  assert.notEqual(await digest(), linked);
});

test('parameters that are not read again as they are recorded are refused at load', async () => {
  const cases: [z.ZodType, unknown, boolean][] = [
    [z.object({ a: z.number().default(1) }), { a: 2 }, true],
    [z.string().transform(Number), 5, false],
    [z.string().transform((text) => text.trim()), 'x', true],
    [z.date(), new Date(0), false],
    [z.number().transform((n) => n + 1), 2, false],
  ];
  for (const [schema, read, expected] of cases) assert.equal(whyNotRecorded(schema, read) === null, expected);
  assert.match(
    whyNotRecorded(z.string(), 'ä'.repeat(131_072)) ?? '',
    /^these parameters are 262146 bytes .* at most 262144/,
  );
  assert.equal(whyNotRecorded(z.string(), 'x'.repeat(262_142)), null);
  const turned = spoil(greenhouse(), 'pack.mjs', 'z.number().default(1)', "z.string().default('1').transform(Number)");
  const [found, ...more] = await findingsOf(turned);
  assert.ok(found);
  assert.equal(more.length, 0);
  assert.match(`${placeOf(found)} ${found.message}`, /^pack\.yaml:8:3 parameters\.limits the schema .* changes what/);
});

test('code is made for other parameters once, by their own schema, and the loaded code stays as it is', async () => {
  const pack = await load(greenhouse());
  const { parameters = {} } = pack.agents.get('gardener')?.resolved ?? {};
  assert.equal(pack.withParameters(parameters), pack);
  const [name = ''] = Object.keys(parameters);
  const other = { ...parameters, [name]: { ...(parameters[name] as object), dry_below: -0.5 } };
  const [first, again] = [pack.withParameters(other), pack.withParameters(structuredClone(other))];
  assert.ok('code' in first && 'code' in again);
  assert.notEqual(first.code, pack.code);
  assert.equal(first.code, again.code);
  const wrong = pack.withParameters({ [name]: { dry_below: 'very' } });
  assert.match('wrong' in wrong ? wrong.wrong : '', /^the parameters limits do not fit: /);
});

test('mail that is left to others comes again after a second at first, and each minute in the end, a few times in a row', () => {
  const times = [0];
  while (times.length < 18) times.push((times.at(-1) ?? 0) + waitForOthers((times.at(-1) ?? 0) * 1_000) / 1_000);
  assert.deepEqual(times, [0, 1, 2, 4, 8, 16, 32, 64, 120, 121, 122, 123, 180, 181, 182, 183, 240, 241]);
  // The clock of whoever left it first may be ahead.
  assert.equal(waitForOthers(-5_000), 1_000);
});

test('an invocation that waits for another worker says what this one lacks', () => {
  const now = Date.parse('2026-11-16T08:00:00.000Z');
  const at = new Date(now).toISOString();
  const deferred = { type: 'deferred' as const, worker: 'w', lacks: 'garden 2.0.0 (b) has no tool dig', at };
  const wait = modelWait([{ state: 'admitting', events: [deferred] }]);
  assert.ok(wait);
  const each = 'a worker that can go on with it is looked for each minute';
  assert.equal(waitText(wait, now), `garden 2.0.0 (b) has no tool dig; ${each}`);
  assert.equal(
    waitsText([wait, wait], 2, now),
    `2 runs wait for another worker: garden 2.0.0 (b) has no tool dig; ${each}`,
  );
});

test.run();
