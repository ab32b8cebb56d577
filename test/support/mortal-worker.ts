/** A worker process that kills itself at one point: `node --import ./bin/sources.mjs mortal-worker.ts <json>`. */
import { createInterface } from 'node:readline';
import pino from 'pino';
import { Worker } from '../../actors/worker.ts';
import { openPlatform } from '../../bridge/platform/platform.ts';
import { testSettings } from './servers.ts';

export interface Mortality {
  settings: Record<string, unknown>;
  cwd: string;
  ackWaitMs: number;
  /** Dies at its nth journal append (counted from 1). */
  append: number;
  /** Before the entry is sent, after it is acknowledged, or after that and once all mail of its step is out. */
  when: 'before' | 'after' | 'sent';
}

// Ends with the test that began it, should that have ended early.
createInterface({ input: process.stdin }).on('close', () => process.exit(1));

const { settings, cwd, ackWaitMs, append, when } = JSON.parse(process.argv[2] ?? '{}') as Mortality;
const platform = await openPlatform(testSettings(cwd, settings), pino({ level: 'silent' }));
const { journal } = platform.runtime;
const original = journal.append.bind(journal);
let appends = 0;
journal.append = async (...args) => {
  appends += 1;
  const last = appends === append;
  if (last && when === 'before') die();
  const result = await original(...args);
  if (last && when === 'after') die();
  if (last) setImmediate(() => void platform.nc.flush().then(die));
  return result;
};
const worker = new Worker(platform.nc, platform.runtime, {
  maxLive: 256,
  ackWaitMs,
  graceMs: 0,
  limits: platform.settings,
});
await worker.start();

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing may happen meanwhile.
  for (;;);
}
