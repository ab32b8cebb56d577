import assert from 'node:assert/strict';
import { DeliverPolicy, type JetStreamManager, type NatsConnection } from 'nats';
import { connectNats } from '../../runtime/bus/connect.ts';
import { openReader, type ReadFrom, type Reader } from '../../runtime/bus/reader.ts';
import { withSharedServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('a reader of a stream');
const servers = withSharedServers(test);
let nc: NatsConnection;
let jsm: JetStreamManager;
let streams = 0;

test.before(async () => {
  nc = await connect();
  jsm = await nc.jetstreamManager();
});
test.after(async () => nc.close());

async function connect(): Promise<NatsConnection> {
  return connectNats(servers().services.nats, { name: 'reader test' });
}

async function newStream(messages: number, data = ''): Promise<string> {
  const name = `READ_${(streams += 1)}`;
  await jsm.streams.add({ name, subjects: [`${name}.>`] });
  await publish(name, messages, data);
  return name;
}

async function publish(stream: string, messages: number, data = ''): Promise<void> {
  const js = nc.jetstream();
  for (let at = 0; at < messages; at += 1) await js.publish(`${stream}.${at % 3}`, data);
}

const all = (stream: string): ReadFrom => ({ filterSubjects: [`${stream}.>`] });

/** Their positions, so many. */
async function take({ messages }: Reader, count: number): Promise<number[]> {
  const seqs: number[] = [];
  if (count > 0) for await (const { seq } of messages) if (seqs.push(seq) === count) break;
  return seqs;
}

/** As a server does that restarts, or that has heard nothing for a while. */
async function loseConsumers(stream: string): Promise<void> {
  for (const { name } of await jsm.consumers.list(stream).next()) await jsm.consumers.delete(stream, name);
}

const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, at) => at + first);

test('whose consumer is lost goes on after the last message that it has: nothing is left out, nothing comes twice', async () => {
  const stream = await newStream(4);
  const reader = await openReader(nc, stream, all(stream));
  assert.equal(reader.pending, 4);
  const seqs: number[] = [];
  for await (const { seq, pending } of reader.messages) {
    seqs.push(seq);
    if (seq === 4) assert.equal(pending, 0);
    if (seq === 4 || seq === 6) {
      await loseConsumers(stream);
      await publish(stream, 2);
    }
    if (seq === 8) break;
  }
  assert.deepEqual(seqs, upTo(8));
});

test('whose consumer is lost before its first message begins where it was to begin', async () => {
  const stream = await newStream(3);
  const from = { ...all(stream), deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: 4 };
  const reader = await openReader(nc, stream, from);
  await loseConsumers(stream);
  await publish(stream, 2);
  assert.deepEqual(await take(reader, 2), [4, 5]);
});

test('that is slow is sent more than the server sends ahead, in order', async () => {
  const stream = await newStream(300, 'x'.repeat(100_000));
  const reader = await openReader(nc, stream, all(stream));
  await nc.flush();
  assert.deepEqual(await take(reader, 300), upTo(300));
});

test('that is left leaves no consumer behind, not even when its consumer was just lost', async () => {
  const stream = await newStream(1);
  const left = await openReader(nc, stream, all(stream));
  await take(left, 1);
  const lost = await openReader(nc, stream, all(stream));
  await loseConsumers(stream);
  lost.close();
  assert.deepEqual(await take(lost, 1), []);
  while ((await jsm.streams.info(stream)).state.consumer_count > 0);
});

test('ends with its connection, and with an error when the stream is gone', async () => {
  const stream = await newStream(1);
  const own = await connect();
  const ended = take(await openReader(own, stream, all(stream)), 2);
  const broken = take(await openReader(nc, stream, all(stream)), 2);
  await own.close();
  assert.deepEqual(await ended, [1]);
  await jsm.streams.delete(stream);
  await assert.rejects(broken, { message: 'stream not found' });
});

test.run();
