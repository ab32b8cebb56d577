import type { JetStreamManager } from 'nats';
import { MAIL_STREAM } from '../../runtime/subjects.ts';

/**
 * How much mail is on its way: mail and starts, and the timers of retries, which fire within a minute. Other timers wait
 * for people and deadlines.
 */
export async function queued(jsm: JetStreamManager): Promise<number> {
  const { state } = await jsm.streams.info(MAIL_STREAM, { subjects_filter: '>' });
  return Object.entries(state.subjects ?? {}).reduce((sum, [subject, count]) => {
    const [kind, , , , timer = ''] = subject.split('.');
    const waits = kind === 'mail' || kind === 'start' || timer.startsWith('retry-');
    return waits ? sum + count : sum;
  }, 0);
}
