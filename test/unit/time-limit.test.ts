import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as pause } from 'node:timers/promises';
import { abortsAfter } from '../../runtime/time-limit.ts';
import { suite } from '../support/suite.ts';

const test = suite('time limits');

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a limit comes although only a signal made of it is listened to, and garbage is collected meanwhile', async () => {
  const stop = new AbortController();
  const aborted = Array.from({ length: 20 }, () => {
    const both = AbortSignal.any([abortsAfter(100), stop.signal]);
    return new Promise<unknown>((resolve) =>
      both.addEventListener('abort', () => resolve((both.reason as Error).name), { once: true }),
    );
  });
  await pause(10);
  collectGarbage();
  assert.deepEqual(new Set(await Promise.all(aborted)), new Set(['TimeoutError']));
});

test.run();
