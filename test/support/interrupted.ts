/** A command of one graceful part, or of none, for tests of what signals do to it: `PART` or `NONE`, and how it waits. */
import { gracefully } from '../../bridge/cli/session/interruption.ts';

const [part, waits] = process.argv.slice(2);

async function wait(): Promise<void> {
  process.stdout.write('waiting\n');
  if (waits === 'blocked') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  setInterval(() => {}, 60_000);
  await new Promise(() => {});
}

await (part === 'PART' ? gracefully(wait, 500) : wait());
