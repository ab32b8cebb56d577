import assert from 'node:assert/strict';
import { reconcile } from '../../actors/reconcile.ts';
import { gaugesOf } from '../../bridge/views/gauges.ts';
import { examineStreams } from '../../bridge/doctor/records.ts';
import { startRun } from '../../bridge/commands/start-run.ts';
import { listRuns } from '../../bridge/views/find-runs.ts';
import { follow, readTails } from '../../bridge/follow/follow.ts';
import { listTasks } from '../../bridge/views/human.ts';
import { unreadableJournals } from '../../bridge/views/unreadable.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import type { Address } from '../../runtime/address.ts';
import { journalStream, journalSubject, shardOf } from '../../runtime/subjects.ts';
import { appOf, LIBRARY, STOCK } from '../support/http.ts';
import { withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('journals that this version cannot read are left alone', { timeoutMs: 60_000 });
// The servers are the suite's: what one test spoils is gone for the next, before its platform is closed.
const clearing: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const clear of clearing.splice(0)) await clear();
});
const platforms = withPlatforms(test);
const signal = new AbortController().signal;

/** Appends the last entry once more, as something else. */
async function append(platform: Platform, address: Address, change: (entry: object) => string): Promise<void> {
  const { nc, jsm, runtime } = platform;
  const { seq: _, ...last } = (await runtime.journal.tail(address)) ?? assert.fail('there is no such journal');
  const shard = shardOf(address.run, runtime.journal.shards);
  const { seq } = await nc.jetstream().publish(journalSubject(address, shard), change(last));
  clearing.push(() => jsm.streams.deleteMessage(journalStream(shard), seq));
}

const newer = (entry: object): string => JSON.stringify({ ...entry, v: 99, state: 'acting' });

const spoilt = [
  {
    code: 'journal.newer',
    status: 503,
    change: newer,
    said: '1 journal was written by a newer version and is left out',
  },
  {
    code: 'journal.invalid',
    status: 500,
    change: () => 'Bad JSON',
    said: '1 journal holds what is no entry and is left out',
  },
];

for (const { code, status, change, said } of spoilt) {
  test(`with ${code} in one journal all others are gone through, listed and worked on`, async () => {
    const open = await platforms(LIBRARY);
    const { platform, worker, run } = open;
    const { address } = await run({ ...STOCK, run: `spoilt-${status}` });
    const fine = await run({ ...STOCK, run: `fine-${code.slice(8)}` });
    await append(platform, address, change);

    const done = await reconcile(platform.nc, platform.runtime, { allEvents: true });
    assert.equal(done.left_alone, 1);
    assert.ok(done.journals >= 1);

    const notes: string[] = [];
    for (const list of [
      async (each: ReturnType<typeof unreadableJournals>) => listRuns(platform, { limit: 20, ...each }),
      async (each: ReturnType<typeof unreadableJournals>) => listTasks(platform, { limit: 20, ...each }),
      async (each: ReturnType<typeof unreadableJournals>) => listTasks(platform, { limit: 20, state: 'all', ...each }),
    ]) {
      const left = unreadableJournals();
      assert.ok(!(await list(left)).some((each) => each.run === address.run));
      left.tell((text) => notes.push(text));
    }
    assert.deepEqual(notes, [said, said, said]);
    assert.ok((await listRuns(platform, { limit: 20 })).some((each) => each.run === fine.address.run));
    assert.equal((await gaugesOf(platform)).open.acting ?? 0, 0);

    const findings = await examineStreams(platform.nc, platform.settings, platform.runtime.catalog.packs);
    assert.equal(findings.filter(({ level, text }) => level === 'warn' && text.startsWith('1 journal ')).length, 1);

    const another = await run({ ...STOCK, run: `another-${code.slice(8)}` });
    assert.equal(another.state, fine.state);
    const next = await startRun(platform, { ...STOCK, run: `next-${code.slice(8)}` });
    assert.ok(await settleRun(platform, next.address, { signal }), 'the worker stays up');
    await worker.settled();
  });

  test(`who asks for a journal with ${code} is told so`, async () => {
    const open = await platforms(LIBRARY);
    const { platform, run } = open;
    const { address } = await run({ ...STOCK, run: `asked-${status}` });
    const tails = await readTails(platform, address.tenant, address.run);
    tails.set('0', { seq: Number.POSITIVE_INFINITY, state: 'acting' });
    await append(platform, address, change);

    const app = appOf(open);
    const answer = await app.request(`/runs/${address.run}`);
    assert.equal(answer.status, status);
    assert.equal(((await answer.json()) as { error: { code: string } }).error.code, code);
    assert.equal((await app.request('/metrics')).status, 200);

    await assert.rejects(settleRun(platform, address, { signal }), { code });
    await assert.rejects(readTails(platform, address.tenant, address.run), { code });
    const following = follow(platform, { ...address, after: 0, tails }, signal);
    await assert.rejects(
      async () => {
        for await (const _ of following);
      },
      { code },
    );
  });
}

test.run();
