import type { JetStreamManager } from 'nats';
import { MAIL_STREAM } from '../../runtime/subjects.ts';

/**
 * How much mail is on its way: what consumers have to deliver or wait for, and the timers of retries, which fire within a
 * minute. Other timers wait for people and deadlines.
 */
export async function queued(jsm: JetStreamManager): Promise<number> {
  let count = 0;
  for await (const { num_pending, num_ack_pending } of jsm.consumers.list(MAIL_STREAM)) {
    count += num_pending + num_ack_pending;
  }
  const { state } = await jsm.streams.info(MAIL_STREAM, { subjects_filter: 'timer.>' });
  const retries = Object.keys(state.subjects ?? {}).filter((subject) => subject.split('.')[4]?.startsWith('retry-'));
  return count + retries.length;
}
