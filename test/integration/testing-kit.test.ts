import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  chain,
  scriptedModel,
  startTestPlatform,
  type TestPlatform,
  type TestPlatformOptions,
} from 'agent-platform/testing';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const LIBRARY = resolve(import.meta.dirname, '../packs/library');
const ask = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } };
const find = { name: 'delegate_to_finder', input: { instructions: 'Find it.', context: {} } };
let open: TestPlatform[] = [];
const folders: string[] = [];

const test = suite('the test kit of the SDK', { timeoutMs: 60_000 });

test.after.each(async () => {
  for (const each of open) await each.stop();
  open = [];
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(options: TestPlatformOptions): Promise<TestPlatform> {
  const platform = await startTestPlatform(options);
  open.push(platform);
  return platform;
}

/** The library outside the repository, with these players only. */
function libraryWith(players: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'library-'));
  folders.push(folder);
  cpSync(LIBRARY, folder, { recursive: true });
  const module = join(folder, 'pack.ts');
  const text = readFileSync(module, 'utf8');
  const changed = text.replace(/players: \{.*\},\n/, `players: ${players},\n`);
  assert.notEqual(changed, text);
  writeFileSync(module, changed);
  return folder;
}

test('a script says what each agent answers, turn by turn, a sub-agent included', async () => {
  const model = scriptedModel({ librarian: [{ calls: [find] }, { text: 'Found.' }], finder: [{ text: 'Here.' }] });
  const { run } = await start({ pack: LIBRARY, model });
  const tree = await run(ask);
  assert.equal(tree.context.report?.text, 'Found.');
  assert.deepEqual(
    chain(tree).filter((line) => line.startsWith('0-1')),
    ['0-1 thinking: invoked+admitted', '0-1 completed: model.replied+completed'],
  );
});

test('a function of the conversation answers for every agent', async () => {
  const model = scriptedModel(({ agent, calls }) =>
    calls.length === 0 && agent === 'librarian' ? { calls: [find] } : { text: agent },
  );
  const { run } = await start({ pack: LIBRARY, model });
  const tree = await run(ask);
  assert.deepEqual([tree.context.report?.text, tree.children[0]?.context.report?.text], ['librarian', 'finder']);
});

test('a script that ends too early fails the run and says at which turn', async () => {
  const model = scriptedModel({ librarian: [{ calls: [{ name: 'look_up', input: { book: 'emma' } }] }] });
  const { run } = await start({ pack: LIBRARY, model });
  const tree = await run(ask);
  assert.deepEqual(tree.context.error, { code: 'model.failed', message: 'the script of librarian ends before turn 2' });
});

test('events and memories of a run carry its subject', async () => {
  const platform = await start({ pack: CUSTOMER_SUCCESS });
  const { trees } = await platform.batch({ schedule: 'weekly_health_check', only: ['acme-corp'] });
  const run = trees.get('acme-corp');
  for (const { entries } of run ? [run, ...run.children] : []) {
    for (const { subject } of entries) assert.equal(subject, 'acme-corp');
  }
  const [alert] = await platform.events('csm_alerts');
  assert.equal(alert?.subject, 'acme-corp');
  const stored = await platform.memories({ scope: 'risk_analysis', subject: 'acme-corp' });
  assert.ok(stored.some(({ source }) => source.startsWith(`${run?.address.run}/`)));
  await assert.rejects(platform.events('gossip'), { code: 'topic.unknown' });
});

test('a test answers, edits, lets expire and cancels what a person is asked about, and looks at what follows', async () => {
  const pack = libraryWith('{ librarian, finder }');
  const rules = join(pack, 'agents/librarian.yaml');
  const rule = 'target: human,';
  writeFileSync(rules, readFileSync(rules, 'utf8').replace(rule, `${rule} due: 1h,`));
  const input = { topic: 'overdue', data: { book: 'first-folio' } };
  const script = [[{ name: 'look_up', input: { book: 'first-folio' } }], [{ name: 'emit_event', input }]];
  const { run, questions, decide, expire, cancel, events } = await start({ pack });
  const asked = async (id: string) => {
    await run({ ...ask, payload: { book: 'first-folio', script }, run: id });
    const [question] = await questions(id);
    assert.ok(question?.state === 'open', id);
    return question;
  };
  const who = { by: 'ada', role: 'operator' };

  const edited = await asked('edited');
  await assert.rejects(decide(edited.task, { answer: 'approve', by: 'eve' }), { code: 'human.not_yours' });
  const calls = [{ ordinal: edited.wants.calls[0]?.ordinal ?? 0, input: { ...input, data: { book: 'emma' } } }];
  const after = await decide(edited.task, { answer: 'edit', ...who, edits: { calls } });
  assert.equal(after.state, 'completed');
  assert.deepEqual(
    (await events('overdue')).map(({ data }) => data.book),
    ['emma'],
  );

  const late = await asked('late');
  assert.deepEqual([(await expire(late.task)).state, (await questions('late')).length], ['refused', 0]);
  await assert.rejects(expire(late.task), { code: 'usage.invalid', message: /not open any more/ });
  await assert.rejects(decide(late.task, { answer: 'approve', ...who }), { code: 'human.expired' });

  await asked('cancelled');
  assert.equal((await cancel('cancelled')).state, 'cancelled');
  assert.deepEqual(await questions(), []);
  assert.equal((await events('overdue')).length, 1);
});

test('an agent without a player is refused before anything is started, and the error says what it needs', async () => {
  const { run, batch } = await start({ pack: libraryWith('{ finder }') });
  const expected = { code: 'model.no_player', message: /no player for the agent librarian.*real model/ };
  await assert.rejects(run({ ...ask, run: 'never' }), expected);
  await assert.rejects(batch({ schedule: 'weekly_stocktaking', batch: 'never' }), expected);
});

test('a sub-agent without a player fails by itself; its parent goes on', async () => {
  const { run } = await start({ pack: libraryWith('{ librarian }') });
  const tree = await run({ ...ask, payload: { book: 'emma', script: [[find]] } });
  assert.equal(tree.state, 'completed');
  assert.equal(tree.children[0]?.context.error?.code, 'model.no_player');
});

test('nothing is left when the pack cannot be loaded; stop may be called twice', async () => {
  await assert.rejects(startTestPlatform({ pack: join(LIBRARY, 'agents') }), { code: 'pack.not_found' });
  const platform = await start({ pack: LIBRARY });
  await platform.stop();
  await platform.stop();
  assert.ok(existsSync(LIBRARY));
});

test.run();
