import assert from 'node:assert/strict';
import type { RunView } from '../../bridge/contract/schemas.ts';
import { openTestProcess } from '../../bridge/testing/process.ts';
import { journalStream } from '../../runtime/subjects.ts';
import { appOf, gatedModel, LIBRARY, post, STOCK } from '../support/http.ts';
import { settingsFor, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { testSettings } from '../support/servers.ts';
import { lineTo } from '../support/silence.ts';
import { suite } from '../support/suite.ts';

const test = suite('requests that wait');
const platforms = withPlatforms(test);

/** How many consumers each journal stream has. */
async function consumersOf({ platform: { jsm, runtime } }: TestPlatform): Promise<number[]> {
  const shards = Array.from({ length: runtime.journal.shards }, (_, shard) => journalStream(shard));
  return Promise.all(shards.map(async (stream) => (await jsm.streams.info(stream)).state.consumer_count));
}

test('share one consumer of each journal stream, however many they are, and leave none behind', async () => {
  const gate = gatedModel();
  const opened = await platforms({ ...LIBRARY, model: gate.model });
  const before = await consumersOf(opened);
  const app = appOf(opened);
  const ids = Array.from({ length: 24 }, (_, at) => `shared-${at}`);
  const asked = ids.map(async (run_id) => post(app, '/run', { ...STOCK, run_id }));
  while (opened.worker.vitals.live < ids.length) await opened.platform.nc.flush();
  const atMostOneMore = async () =>
    (await consumersOf(opened)).every((count, shard) => count <= (before[shard] ?? 0) + 1);
  while (!(await atMostOneMore()));
  gate.open();
  for (const answer of await Promise.all(asked)) {
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as RunView).state, 'completed');
  }
  assert.equal((await app.request('/metrics')).status, 200);
  while (!(await atMostOneMore()));
});

test('are answered in their time also when NATS falls silent: what was accepted is told as accepted', async () => {
  const open = await platforms({ ...LIBRARY, works: false });
  const { natsUrl, ...others } = settingsFor(open) as { natsUrl: string };
  const url = new URL(natsUrl);
  const line = await lineTo(url.hostname, Number(url.port));
  url.port = String(line.port);
  const settings = testSettings(process.cwd(), { ...others, natsUrl: url.href });
  const silent = await openTestProcess(settings, { works: false });
  try {
    const begin = performance.now();
    const asking = post(appOf(silent), '/run', { ...STOCK, run_id: 'silenced' }, { prefer: 'wait=2' });
    while ((await open.platform.runtime.journal.tail({ tenant: 'town', run: 'silenced', path: '0' })) === null);
    // The door has the server's word a moment after the journal has the entry.
    await silent.platform.nc.flush();
    await silent.platform.nc.flush();
    line.silence();
    const answer = await asking;
    const tookMs = performance.now() - begin;
    assert.equal(answer.status, 202);
    assert.equal(((await answer.json()) as RunView).state, 'accepted');
    assert.ok(tookMs < 12_000, `it took ${tookMs} ms`);
  } finally {
    line.goOn();
    await silent.stop();
    line.close();
  }
});

test.run();
