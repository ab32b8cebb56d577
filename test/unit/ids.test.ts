import assert from 'node:assert/strict';
import { HumanDecision } from '../../bridge/contract/human-schemas.ts';
import { checkRequest } from '../../bridge/contract/parse.ts';
import { RunQuery, RunRequest, StartRequest } from '../../bridge/contract/schemas.ts';
import { openapiDocument } from '../../bridge/contract/openapi.ts';
import { checkTargetRun, isNewId } from '../../runtime/ids.ts';
import { suite } from '../support/suite.ts';

const test = suite('ids that callers make up');

const GOOD = [
  'a',
  'week 47/a',
  'plain id',
  'plain%20id',
  '%',
  '.',
  'a.b.c',
  `!"#$&'()*+,-./:;<=>?@[\\]^_\`{|}~`,
  '東京',
  'e\u0301',
  '🙂'.repeat(200),
  '👩\u200d👧',
];
const BAD: [what: string, id: string][] = [
  ['empty', ''],
  ['201 characters', 'x'.repeat(201)],
  ['201 characters beyond U+FFFF', '🙂'.repeat(201)],
  ['a blank', ' '],
  ['a blank before', ' dup'],
  ['a blank behind', 'dup '],
  ['a no-break space behind', 'dup\u00a0'],
  ['a byte order mark before', '\ufeffdup'],
  ['an ideographic space before', '\u3000dup'],
  ['a tab', 'a\tb'],
  ['a line feed at the end', 'a\n'],
  ['a line separator', 'a\u2028b'],
  ['NUL', 'a\u0000b'],
  ['ESC', 'a\u001b[2Jb'],
  ['DEL', 'a\u007fb'],
  ['C1', 'a\u009b2Jb'],
  ['NEL', 'a\u0085b'],
  ['an override', 'a\u202eb'],
  ['an isolate', 'a\u2066b'],
  ['a mark', 'a\u200fb'],
  ['the Arabic letter mark', 'a\u061cb'],
  ['two dots', '..'],
  ['a path', '../../etc/passwd'],
  ['two dots inside', 'a..b'],
  ['half a pair', 'a\ud800'],
];

test('an id is 1 to 200 Unicode characters without outer white space, control or bidirectional characters or ".."', () => {
  for (const id of GOOD) assert.ok(isNewId(id), id);
  for (const [what, id] of BAD) assert.ok(!isNewId(id), what);
});

test('threads and decisions are held to it where the request is read, batches to a stricter one', () => {
  const ask = { instructions: 'x', payload: {} };
  const said = { answer: 'approve', by: 'Dana Fox' };
  for (const id of GOOD) {
    checkRequest(RunRequest, { ...ask, thread: id, run_id: id });
    checkRequest(HumanDecision, { ...said, decision_id: id });
  }
  for (const [what, id] of BAD.slice(0, -1)) {
    const invalid = { code: 'request.invalid', message: /no white space at either end/ };
    assert.throws(() => checkRequest(RunRequest, { ...ask, thread: id }), invalid, what);
    assert.throws(() => checkRequest(HumanDecision, { ...said, decision_id: id }), invalid, what);
    const asked = { all: true, batch: id.replaceAll('..', '/') };
    assert.throws(() => checkRequest(StartRequest, asked), { code: 'request.invalid' }, what);
  }
});

test('whoever decides or cancels is named in one line', () => {
  const decide = (by: string) => checkRequest(HumanDecision, { answer: 'approve', by });
  for (const by of ['Dana Fox', 'J.. Smith', 'Søren Ödegård', 'مها']) decide(by);
  for (const by of ['', ' ', 'Dana\nFox', 'Dana\u001b[2J', 'Dana\u202e', 'x'.repeat(201)]) {
    assert.throws(() => decide(by), { code: 'request.invalid', message: /^by: / }, JSON.stringify(by));
  }
});

test('the pattern is published, and takes what the door takes', () => {
  const { components } = openapiDocument({ version: '1' }) as never as {
    components: { schemas: Record<string, { properties: Record<string, { pattern: string; maxLength: number }> }> };
  };
  for (const field of ['run_id', 'thread']) {
    const { pattern = '', maxLength } = components.schemas.RunRequest?.properties[field] ?? {};
    assert.equal(maxLength, 200);
    const published = new RegExp(pattern, 'u');
    for (const id of GOOD) assert.ok(published.test(id), id);
    for (const [what, id] of BAD.slice(0, -1)) assert.ok(!published.test(id), what);
  }
});

test('an id that was recorded under another rule can be named', () => {
  for (const [what, run] of BAD) {
    if (run !== '') assert.deepEqual(checkRequest(RunQuery, { run }), { run }, what);
  }
});

test('a target is called as the data calls it, as long as its run can be recorded and shown', () => {
  for (const target of [' ', '*', '>', 'a..b', '../../etc/passwd', '%2E', '🙂'.repeat(150)])
    checkTargetRun(`b-${target}`);
  for (const target of ['a\u001b', 'a\u0085b', 'a\u202e', 'a\ud800', '🙂'.repeat(199)]) {
    assert.throws(() => checkTargetRun(`b-${target}`), { code: 'run.invalid' }, JSON.stringify(target));
  }
});

test.run();
