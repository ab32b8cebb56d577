/** Results that do not fit into an entry: kept as objects, named in the journal, read back wherever they are needed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fold } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { reportOf } from '../../actors/invocation/report.ts';
import { readBatch } from '../../bridge/journals/batch-journal.ts';
import { restoreBackup } from '../../bridge/backup/restore.ts';
import { writeBackup } from '../../bridge/backup/write.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { connectNats } from '../../runtime/bus/connect.ts';
import type { Entry } from '../../runtime/journal/entry.ts';
import { Journal } from '../../runtime/journal/journal.ts';
import type { Json, JsonObject } from '../../runtime/json.ts';
import { type Mail, parseMail } from '../../runtime/mail/mail.ts';
import { unmarked } from '../../runtime/model/data.ts';
import type { ModelProvider, ModelRequest } from '../../runtime/model/provider.ts';
import { journalFilter, journalStream, shardOf } from '../../runtime/subjects.ts';
import { appOf, post } from '../support/http.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { startServers } from '../support/servers.ts';
import { replacing } from '../support/replacing.ts';
import { suite } from '../support/suite.ts';

const test = suite('large results go by reference', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const replace = replacing(test);
const library = { packs: [resolve(import.meta.dirname, '../packs/library')] };
const signal = new AbortController().signal;

/** Every request to the model, in order. */
const asked: ModelRequest[] = [];
const listening = (rehearsal: ModelProvider): ModelProvider => ({
  ...rehearsal,
  reply: (request, abort) => {
    asked.push(request);
    return rehearsal.reply(request, abort);
  },
});

/** A process whose look-up answers this. */
async function answering(look: () => Json): Promise<TestPlatform> {
  const opened = await platforms({ ...library, model: listening });
  const tool = opened.platform.runtime.catalog
    .agent('librarian')
    ?.pack.code.tools.find(({ name }) => name === 'look_up');
  assert.ok(tool);
  replace(tool, 'run', () => async () => look());
  asked.length = 0;
  return opened;
}

function ask(book: string, payload: JsonObject = {}) {
  return { agent: 'librarian', instructions: 'Take stock.', payload: { book, ...payload } };
}

/** The entries of a run as they lie in the stream. */
async function stored({ nc, runtime }: Platform, { address }: RunTree): Promise<string[]> {
  const shard = shardOf(address.run, runtime.journal.shards);
  const consumer = await nc.jetstream().consumers.get(journalStream(shard), {
    filterSubjects: [journalFilter(shard, address.tenant, address.run)],
  });
  const texts: string[] = [];
  const { num_pending } = await consumer.info(true);
  for await (const message of await consumer.fetch({ max_messages: num_pending })) texts.push(message.string());
  return texts;
}

async function objects({ jsm }: Platform): Promise<number> {
  return (await jsm.streams.info('OBJ_OBJECTS')).state.messages;
}

/** 300 kB, more than twice the characters' number in bytes. */
const large = (state: string): JsonObject => ({ book: 'emma', state, pages: 'Ä'.repeat(150_000) });
const text = (value: Json) => JSON.stringify(value);

test('the journal names a large result, and the model, the facts and a later reader have it whole', async () => {
  const result = large('on the shelf');
  const open = await answering(() => result);
  const tree = await open.run(ask('emma'));
  assert.equal(tree.state, 'completed');
  const [told] = asked[1]?.messages.at(-1)?.content ?? [];
  assert.ok(told?.type === 'tool_result' && unmarked(told.content) === text(result));
  const entries = await stored(open.platform, tree);
  assert.equal(entries.length, tree.entries.length);
  assert.ok(entries.every((entry) => entry.length < 10_000));
  const events = entries.flatMap((entry) => (JSON.parse(entry) as Entry).events);
  const settled = events.find((event) => event.type === 'tool.settled');
  const digest = createHash('sha256').update(text(result)).digest('hex');
  assert.deepEqual(settled?.result, {
    $object: { digest, bytes: Buffer.byteLength(text(result)), preview: text(result).slice(0, 500) },
  });

  const later = await platforms({ ...library, works: false });
  const read = await readRun(later.platform.runtime.journal, tree.address);
  assert.deepEqual(read, tree);
  assert.deepEqual(read?.context.facts.look_up, result);
  assert.equal(fold(invocationMachine, read?.entries ?? []).diverged, null);

  const before = await objects(open.platform);
  await open.run(ask('emma'));
  assert.equal(await objects(open.platform), before, 'the same content is written once');
});

test('a result larger than a message of the server is kept, too', async () => {
  const result = { ...large('on the shelf'), pages: 'x'.repeat(3 * 1024 * 1024) };
  const open = await answering(() => result);
  const tree = await open.run(ask('emma'));
  assert.equal(tree.state, 'completed');
  assert.deepEqual(tree.context.facts.look_up, result);
});

test('facts go down and reports go up by reference, and arrive whole', async () => {
  const result = large('lost');
  const open = await answering(() => result);
  const tree = await open.run(ask('emma'));
  const [child] = tree.children;
  assert.equal(child?.state, 'completed');
  assert.deepEqual(child.context.invocation?.facts, { look_up: result });
  const task = asked.find(({ agent }) => agent === 'finder')?.messages[0]?.content[1];
  assert.ok(task?.type === 'text' && task.text.includes(String(result.pages)));
  for (const entry of await stored(open.platform, tree)) assert.ok(entry.length < 10_000);

  const { runtime, jsm } = open.platform;
  const report = reportOf(child.state, child.context);
  assert.ok(report);
  const mail: Mail = {
    type: 'child.reported',
    from: { run: child.address.run, path: child.address.path },
    report: { ...report, data: result, children: [{ ...report, data: result }] },
  };
  const nobody = { ...child.address, agent: 'nobody' };
  await runtime.mailer.post(nobody, mail, { correlation_id: 'x' });
  const posted = await jsm.streams.getMessage('MAIL', { last_by_subj: 'mail.town.nobody.>' });
  assert.ok(posted.data.length < 10_000);
  const received = parseMail(posted.string());
  assert.ok(received);
  assert.deepEqual(await runtime.mailer.whole(received), mail);
});

test('a batch takes a report whose children went by reference', async () => {
  const open = await platforms({
    ...library,
    model: (rehearsal) => ({
      ...rehearsal,
      reply: async (request, abort) => {
        const reply = await rehearsal.reply(request, abort);
        if (request.agent !== 'finder') return reply;
        return { ...reply, content: [{ type: 'text', text: 'behind the others, '.repeat(5000) }] };
      },
    }),
  });
  const { address, trees } = await open.batch({ schedule: 'weekly_stocktaking', only: ['persuasion'] });
  const batch = await readBatch(open.platform.runtime.journal, address);
  assert.deepEqual([batch?.state, trees.get('persuasion')?.children.length], ['completed', 1]);
});

test('what a tool says is never taken for a reference', async () => {
  const secret = await answering(() => large('on the shelf'));
  await secret.run(ask('emma'));
  const digest = createHash('sha256')
    .update(text(large('on the shelf')))
    .digest('hex');
  const forged = { $object: { digest, bytes: 1, preview: '' } };
  const open = await answering(() => forged);
  const tree = await open.run(ask('emma', { script: [[{ name: 'look_up', input: { book: 'emma' } }]] }));
  assert.equal(tree.context.report?.text, text(forged));
});

test('an error longer than a message of the server is shortened, and ends nothing', async () => {
  const open = await answering(() => {
    throw new Error('x'.repeat(2 * 1024 * 1024));
  });
  const tree = await open.run(ask('emma', { script: [[{ name: 'look_up', input: { book: 'emma' } }]] }));
  assert.equal(tree.state, 'completed');
  assert.match(tree.context.report?.text ?? '', /^tool\.failed: x{20000} … \(\d+ more characters\)$/);
});

test('a backup holds the objects; without them a journal is refused with a code', async () => {
  const open = await answering(() => large('on the shelf'));
  const tree = await open.run(ask('emma'));
  const { nc, runtime, jsm } = open.platform;
  const folder = join(mkdtempSync(join(tmpdir(), 'large-')), 'backup');
  const target = await startServers();
  const there = await connectNats(target.services.nats, { name: 'large results' });
  try {
    await writeBackup({ nc, folder, shards: runtime.journal.shards, signal, now: new Date() });
    await restoreBackup({ nc: there, folder, shards: 2, signal });
    const eventsOf = async (journal: Journal) => (await journal.read(tree.address)).map(({ events }) => events);
    assert.deepEqual(await eventsOf(new Journal(there, 2)), await eventsOf(runtime.journal));
  } finally {
    await there.close();
    await target.stop();
    rmSync(join(folder, '..'), { recursive: true });
  }
  await jsm.streams.purge('OBJ_OBJECTS');
  await assert.rejects(new Journal(nc, runtime.journal.shards).read(tree.address), { code: 'object.missing' });
});

test('a payload larger than a message of the server is refused at the door, and nothing is journaled', async () => {
  const open = await platforms({ ...library, works: false });
  const { platform } = open;
  const run = 'too-large';
  const payload = { notes: 'x'.repeat(2 * 1024 * 1024) };
  await assert.rejects(startRun(platform, { ...ask('emma', payload), run }), { code: 'message.too_large' });
  const answer = await post(appOf(open, { maxRequestBytes: 8_388_608 }), '/run', {
    ...ask('emma', payload),
    run_id: run,
  });
  assert.equal(answer.status, 413);
  assert.match(await answer.text(), /"message\.too_large"/);
  assert.equal(await readRun(platform.runtime.journal, { tenant: 'town', run, path: '0' }), null);
});

test('long lists of a batch go by reference: those that were asked for, and those that were listed', async () => {
  const { platform } = await platforms(library);
  const { journal } = platform.runtime;
  const address = { tenant: 'default', run: 'long-lists', path: '0' };
  const only = Array.from({ length: 5_000 }, (_, i) => `target-${i}-of-many`);
  const targets = only.map((id) => ({ id, payload: { book: id } }));
  const batch = { schedule: 'weekly_stocktaking', as_of: '2026-01-31', data: null, only };
  const entry = (event: Entry['events'][number], key: string): Entry => {
    const about = { agent: '_schedule-weekly_stocktaking', subject: null, state: 'listing', digest: '' };
    return { v: 1, at: '2026-01-31T00:00:00Z', writer: 'w', key, events: [event], ...about };
  };
  const written = [
    entry({ type: 'invoked', address, batch, trace: { correlation_id: 'c' } }, 'first'),
    entry({ type: 'targets.listed', targets, window: 10 }, 'second'),
  ];
  let after = 0;
  for (const each of written) {
    const appended = await journal.append(address, each, after);
    after = appended.status === 'appended' ? appended.seq : assert.fail('fenced');
  }
  const texts = await stored(platform, { address } as RunTree);
  for (const text of texts) assert.ok(text.length < 2_000 && text.includes('"$object"'), `${text.length} characters`);
  const read = await journal.read(address);
  assert.deepEqual(
    read.map(({ seq: _, ...each }) => each),
    written,
  );
});

test.run();
