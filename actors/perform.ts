/** Sends what a step asks for, once its entry is appended. */
import pMap from 'p-map';
import { AT_ONCE } from '../runtime/at-once.ts';
import { PlatformError } from '../config/errors.ts';
import { acceptRun } from './accept.ts';
import type { Runtime, Send } from './runtime.ts';

/** Sends of one step are independent of each other; a batch has thousands. */
export async function performAll(runtime: Runtime, sends: Send[]): Promise<void> {
  await pMap(sends, (send) => perform(runtime, send), AT_ONCE);
}

async function perform(runtime: Runtime, send: Send): Promise<void> {
  switch (send.kind) {
    case 'mail':
      return runtime.mailer.post(send.to, send.mail, send.trace);
    case 'timer':
      return runtime.mailer.schedule(send.to, send.timer, send.trace);
    case 'no timer':
      // Nobody waits for it: should the purge not arrive, the timer fires and is ignored.
      return runtime.mailer.unschedule(send.to, send.name).catch((err: unknown) => {
        runtime.log.warn({ err, timer: send.name }, 'a timer was not purged');
      });
    case 'root':
      await acceptRun(runtime, send.invocation);
      return;
    case 'event':
      // A report that does not fit its topic is the pack's mistake; it must not hold up the report itself.
      await runtime.topics.emit(send.event).catch((error: unknown) => {
        if (!(error instanceof PlatformError)) throw error;
        runtime.log.error({ code: error.code, topic: send.event.topic }, error.message);
      });
      return;
    case 'thread':
      await runtime.threads.add(send.tenant, send.agent, send.thread, send.turn, send.window);
  }
}
