import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { settleBatch } from '../../bridge/follow/settle.ts';
import { MAIL_STREAM } from '../../runtime/subjects.ts';
import { EMIT_EVENT } from '../../runtime/tools/builtin.ts';
import { expectedOfHealthCheck } from '../chaos/health-checks.ts';
import { explain, judge } from '../chaos/oracle.ts';
import { readRecords } from '../chaos/records.ts';
import type { Mortality } from '../support/mortal-worker.ts';
import { batchState, settingsFor, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('an effect whose outcome nobody knows', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);
const MORTAL = fileURLToPath(new URL('../support/mortal-worker.ts', import.meta.url));

async function violationsOf({ platform }: TestPlatform, batch: string): Promise<string> {
  const { violations } = judge(await readRecords(platform.nc), expectedOfHealthCheck);
  return explain({ violations: violations.filter(({ run }) => run?.startsWith(batch)) });
}

test('an alert whose acknowledgement takes longer than a tool may is emitted once', async () => {
  let allowedMs: number | null = null;
  const open = await platforms({
    ackWaitMs: 500,
    model: (rehearsal) => ({
      ...rehearsal,
      reply: async (request, signal) => {
        const reply = await rehearsal.reply(request, signal);
        const emits = reply.content.some((block) => block.type === 'tool_use' && block.name === EMIT_EVENT);
        // Only what this turn calls is short of time: how long reading takes is not what this is about.
        if (emits && allowedMs === null) runtime.toolTimeoutMs = 100;
        return reply;
      },
    }),
  });
  const { runtime } = open.platform;
  const { toolTimeoutMs } = runtime;
  const emit = runtime.topics.emit.bind(runtime.topics);
  runtime.topics.emit = async (event) => {
    const created = await emit(event);
    if (allowedMs !== null) return created;
    allowedMs = runtime.toolTimeoutMs;
    await pause(300);
    runtime.toolTimeoutMs = toolTimeoutMs;
    return created;
  };
  await open.batch({ batch: 'late-emit', only: ['acme-corp'] });
  assert.equal(allowedMs, 100, 'the alert took longer than that');
  assert.equal(await violationsOf(open, 'late-emit'), '');
});

test('a memory that was recorded and could not be indexed is stored once', async () => {
  const open = await platforms({ ackWaitMs: 500 });
  const { runtime } = open.platform;
  const store = runtime.memory.store.bind(runtime.memory);
  let failing = true;
  runtime.memory.store = async (memory) => {
    const stored = await store(memory);
    if (!failing || !memory.id.startsWith('late-store')) return stored;
    failing = false;
    throw new Error('LOADING Redis is loading the dataset in memory');
  };
  await open.batch({ batch: 'late-store', only: ['acme-corp'] });
  assert.equal(await violationsOf(open, 'late-store'), '');
});

test('a batch whose worker died after the list, and whose server forgot the delivery, starts its runs', async () => {
  const asker = await platforms({ works: false });
  const { platform } = asker;
  const batch = { schedule: 'weekly_health_check', batch: 'forgotten', only: ['calder-logistics'] };
  const { address } = await startBatch(platform, batch);
  const argument: Mortality = {
    settings: settingsFor(asker),
    cwd: process.cwd(),
    ackWaitMs: 500,
    append: 2,
    when: 'after',
  };
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, MORTAL, JSON.stringify(argument)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  await once(child, 'exit');
  assert.equal(await batchState(platform, address), 'running');
  await platform.jsm.consumers.delete(MAIL_STREAM, 'start-_schedule-weekly_health_check');
  await platforms({ ackWaitMs: 500 });
  await settleBatch(platform, address, ['forgotten-calder-logistics'], { signal: new AbortController().signal });
  assert.equal(await batchState(platform, address), 'completed');
});

test.run();
