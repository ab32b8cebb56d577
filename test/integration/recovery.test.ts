import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { flattenTree, type RunTree } from '../../bridge/journals/runs.ts';
import type { Mortality } from '../support/mortal-worker.ts';
import { chain, settingsFor, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('a worker that is killed', { timeoutMs: 120_000 });
const platforms = withPlatforms(test);
const script = fileURLToPath(new URL('../support/mortal-worker.ts', import.meta.url));
const ackWaitMs = 500;

/** Starts a worker process that dies at that point of its work; resolves when it is dead. */
async function mortal(asker: TestPlatform, point: Pick<Mortality, 'append' | 'when'>): Promise<void> {
  const settings = settingsFor(asker);
  const argument: Mortality = { settings, cwd: process.cwd(), ackWaitMs, ...point };
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, script, JSON.stringify(argument)], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
}

/** The chain without the claims of whoever took over. */
function work(tree: RunTree): string[] {
  return chain(tree).filter((line) => !line.endsWith(': resumed'));
}

let undisturbed: string[];
test.before(async () => {
  const whole = await platforms();
  undisturbed = work((await whole.batch({ only: ['acme-corp'] })).trees.get('acme-corp') as RunTree);
  await whole.stop();
});

// Appends 1 and 2 are the batch's own, 3 to 20 the run's eighteen.
for (const [append, when] of [
  [8, 'after'],
  [13, 'sent'],
  [19, 'before'],
] as const) {
  test(`in the middle of Acme, ${when} append ${append}: the next worker finishes the run, and nothing is there twice`, async () => {
    const batch = `killed-${when}-${append}`;
    const asker = await platforms({ works: false });
    await startBatch(asker.platform, { schedule: 'weekly_health_check', batch, only: ['acme-corp'] });
    await mortal(asker, { append, when });
    const next = await platforms({ ackWaitMs });
    const { trees } = await next.batch({ batch, only: ['acme-corp'] });
    const acme = trees.get('acme-corp') as RunTree;
    assert.deepEqual(work(acme), undisturbed);
    const writers = new Set(flattenTree(acme).flatMap(({ entries }) => entries.map(({ writer }) => writer)));
    assert.ok(writers.has(next.platform.runtime.worker), 'the next worker had something left to do');

    const run = `${batch}-acme-corp`;
    for (const stream of ['TOPIC_csm_alerts', 'TOPIC_csm_briefings', 'MEMORY']) {
      const filter = stream === 'MEMORY' ? 'memory.>' : `${stream.slice('TOPIC_'.length)}.>`;
      const { state } = await next.platform.jsm.streams.info(stream, { subjects_filter: filter });
      const own = Object.keys(state.subjects ?? {}).filter((subject) => subject.includes(run));
      assert.equal(own.length, 1, `${stream} holds one message of ${run}`);
    }
  });
}

test.run();
