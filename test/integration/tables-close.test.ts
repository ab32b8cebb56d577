import assert from 'node:assert/strict';
import { openDatabase } from '../../runtime/kit/tables/database.ts';
import { suite } from '../support/suite.ts';

const test = suite('closing the data');

test('waits for what is being asked, and refuses what is asked then: a tool that was left behind ends no process', async () => {
  const database = await openDatabase();
  await database.rows('CREATE TABLE numbers AS SELECT range AS n FROM range(200000)');
  const leftBehind = async (): Promise<void> => {
    for (;;) await database.rows('SELECT n % 7 AS day, count(*) AS found FROM numbers GROUP BY ALL');
  };
  const asking = Promise.allSettled([leftBehind(), leftBehind(), leftBehind()]);
  await database.rows('SELECT 1');
  await database.close();
  for (const ended of await asking) {
    assert.ok(ended.status === 'rejected' && /the data were closed/.test(String(ended.reason)));
  }
});

test.run();
