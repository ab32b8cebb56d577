import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Msg } from 'nats';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { readRun } from '../../bridge/journals/runs.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { type Address, addressKey } from '../../runtime/address.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { mailSubject, workerSubject } from '../../runtime/subjects.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('a parent that gets 50 reports at once', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const PACK = resolve(import.meta.dirname, '../packs/library');
const MANY = 50;
const signal = new AbortController().signal;

/** A model that keeps back the last turn of each run, its report, until it has been asked for that many. */
function together(count: number) {
  let asked = 0;
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return (rehearsal: ModelProvider): ModelProvider => ({
    ...rehearsal,
    reply: async (request, abort) => {
      if (request.messages.length > 1) {
        asked += 1;
        if (asked >= count) open();
        await opened;
      }
      return rehearsal.reply(request, abort);
    },
  });
}

async function kill({ platform }: TestPlatform, address: Address): Promise<void> {
  const { nc, runtime } = platform;
  const request = JSON.stringify({ type: 'kill', key: addressKey(address) });
  await nc.request(workerSubject(runtime.worker), request, { timeout: 2_000 });
}

test('is not poison, though it is killed with every second one and all comes again', async () => {
  const shelf = mkdtempSync(join(tmpdir(), 'shelf-'));
  const books = Array.from({ length: MANY }, (_, i) => `book-${i},on the shelf`);
  cpSync(join(PACK, 'shelf'), shelf, { recursive: true });
  writeFileSync(join(shelf, 'books.csv'), `book,state\n${books.join('\n')}\n`);
  const model = together(MANY);
  const open = await platforms({ packs: [PACK], data: shelf, model, ackWaitMs: 300 });
  const { platform } = open;
  const { address } = await startBatch(platform, { schedule: 'weekly_stocktaking', batch: 'fifty' });
  const ended = new AbortController();
  let reports = 0;
  await watchJournals(platform.nc, platform.runtime.journal, {
    tenant: address.tenant,
    runs: [address.run],
    signal: ended.signal,
    onEntry: async (_, { state, events }) => {
      if (state === 'completed' || state === 'failed') return ended.abort();
      if (events[0]?.type !== 'child.reported') return;
      reports += 1;
      if (reports % 2 === 0) await kill(open, address);
    },
  });
  const events = (await platform.runtime.journal.read(address)).flatMap((entry) => entry.events);
  const told = events.flatMap((event) => (event.type === 'child.reported' && 'run' in event ? [event.run] : []));
  assert.equal(new Set(told).size, MANY);
  assert.equal(told.length, MANY);
  assert.equal(events.at(-1)?.type, 'completed');
  rmSync(shelf, { recursive: true });
});

test('of one child takes one, and is not poison, though it is killed meanwhile', async () => {
  // The turn after the report waits, so that all copies come to an invocation that computes.
  let copied = () => {};
  const copies = new Promise<void>((resolve) => {
    copied = resolve;
  });
  const open = await platforms({
    packs: [PACK],
    ackWaitMs: 300,
    model: (rehearsal) => ({
      ...rehearsal,
      reply: async (request, abort) => {
        if (JSON.stringify(request.messages).includes('It stood behind the others.')) await copies;
        return rehearsal.reply(request, abort);
      },
    }),
  });
  const { nc, runtime } = open.platform;
  const { address } = await startRun(open.platform, {
    agent: 'librarian',
    instructions: 'Take stock.',
    payload: { book: 'persuasion' },
  });
  const report = await reportTo(open, { ...address, agent: 'librarian' });
  const js = nc.jetstream();
  await Promise.all(Array.from({ length: MANY }, () => js.publish(report.subject, report.data)));
  for (let i = 0; i < 5; i += 1) await kill(open, address);
  copied();
  await settleRun(open.platform, address, { signal });
  const tree = await readRun(runtime.journal, address);
  assert.equal(tree?.state, 'completed');
  const events = tree.entries.flatMap((entry) => entry.events);
  assert.equal(events.filter(({ type }) => type === 'child.reported').length, 1);
});

/** The next report of a child that is posted to that mailbox. */
async function reportTo({ platform }: TestPlatform, to: Parameters<typeof mailSubject>[0]): Promise<Msg> {
  for await (const message of platform.nc.subscribe(mailSubject(to))) {
    if (message.json<{ type: string }>().type === 'child.reported') return message;
  }
  throw new Error('the connection was closed');
}

test.run();
