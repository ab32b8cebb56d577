import assert from 'node:assert/strict';
import { pino } from 'pino';
import { openPlatform, type Platform } from '../../bridge/platform/platform.ts';
import { HeldFolder } from '../support/holders.ts';
import { commandIn, LIBRARY, serveIn } from '../support/serving.ts';
import { testSettings } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('events tail', { timeoutMs: 90_000 });
let folder: HeldFolder;
let platform: Platform;

test.before(async () => {
  folder = new HeldFolder();
  const settings = testSettings(folder.cwd, { packs: [LIBRARY.AGENT_PLATFORM_PACKS] });
  platform = await openPlatform(settings, pino({ level: 'silent' }));
});
test.after(async () => {
  await platform.close();
  await folder.remove();
});

function emit(id: string, tenant = 'town', subject = 'war & peace'): Promise<boolean> {
  const data = { book: subject, run: 'r' };
  return platform.runtime.topics.emit({
    id,
    topic: 'overdue',
    tenant,
    agent: 'librarian',
    subject,
    data,
    trace: { correlation_id: 'c 1' },
  });
}

async function ids(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await commandIn(folder, [
    'events',
    'tail',
    'overdue',
    '--no-follow',
    '--json',
    ...args,
  ]);
  assert.equal(code, 0, stderr);
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { id: string }).id]));
}

test('a topic without events ends at once without following', async () => {
  const { code, stdout, stderr } = await commandIn(folder, ['events', 'tail', 'overdue', '--no-follow']);
  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /overdue has no such events/);
});

test('the newest twenty are printed, oldest first, and as many as are asked for', async () => {
  for (let n = 1; n <= 25; n++) await emit(`e${n}`, n % 5 === 0 ? 'village' : 'town');
  const expected = Array.from({ length: 20 }, (_, i) => `e${i + 6}`);
  assert.deepEqual(await ids(), expected);
  assert.deepEqual(await ids('--limit', '3'), ['e23', 'e24', 'e25']);
  assert.deepEqual(await ids('--tenant', 'village', '--limit', '3'), ['e15', 'e20', 'e25']);
  assert.deepEqual(await ids('--tenant', 'nowhere'), []);
  assert.equal((await ids('--since', '1h')).length, 25);
  assert.deepEqual(await ids('--since', '2999-01-01'), []);
});

test('an event is printed whole', async () => {
  await emit('whole');
  const { stdout } = await commandIn(folder, ['events', 'tail', 'overdue', '--no-follow', '--json', '--limit', '1']);
  const { time, seq, ...event } = JSON.parse(stdout);
  assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000 && seq > 0);
  assert.deepEqual(event, {
    id: 'whole',
    topic: 'overdue',
    tenant: 'town',
    type: 'agent-platform.overdue',
    source: '/agent-platform/town/librarian',
    subject: 'war & peace',
    correlation_id: 'c 1',
    data: { book: 'war & peace', run: 'r' },
  });
});

test('new events are followed until Ctrl-C, which is a good end', async () => {
  await emit('before');
  const tail = serveIn(folder, ['events', 'tail', 'overdue', '--limit', '1']);
  assert.match(await tail.line(/before/), /^20\d\d-.*Z {2}war & peace {2}town before$/);
  await emit('after');
  await tail.line(/after/);
  tail.signal('SIGINT');
  const { code, stdout, stderr } = await tail.ended();
  assert.equal(code, 0, stderr);
  assert.equal(stdout.split('\n').filter((line) => line.startsWith('20')).length, 2);
});

test('an unknown topic is refused with those that there are', async () => {
  const { code, stderr } = await commandIn(folder, ['events', 'tail', 'overdew']);
  assert.equal(code, 1);
  assert.match(stderr, /^error\[topic\.unknown\]: no topic is called overdew; there are: overdue/);
  const since = await commandIn(folder, ['events', 'tail', 'overdue', '--since', 'monday']);
  assert.match(since.stderr, /^error\[usage\.invalid\]: --since takes .*"monday"/);
});

test.run();
