import { reconcile } from '../../../actors/reconcile.ts';
import { plural } from '../../doctor/finding.ts';
import { type Session, withPlatform } from '../session/session.ts';

export async function reconcileNow(session: Session): Promise<number> {
  const { json, say, sayJson } = session;
  const done = await withPlatform(session, async ({ nc, runtime }) => ({
    ...(await reconcile(nc, runtime, { allEvents: true })),
    memories_indexed: await runtime.memory.complete(),
  }));
  if (json) {
    sayJson(done);
    return 0;
  }
  const woken = done.woken > 0 ? `${done.woken} open ones woken; a worker goes on with them` : 'none to wake';
  say(`${plural(done.journals, 'journal')} read, ${woken}`);
  if (done.unserved > 0)
    say(`${plural(done.unserved, 'open journal')} of agents that no loaded pack has; the log names the agents`);
  if (done.left_alone > 0) say(`${plural(done.left_alone, 'journal')} left alone; the log says why`);
  if (done.mail_removed > 0) say(`${plural(done.mail_removed, 'undeliverable mail', 'undeliverable mails')} removed`);
  if (done.schedules_armed > 0) say(`${plural(done.schedules_armed, 'schedule')} armed again`);
  if (done.schedules_refused > 0) say(`${plural(done.schedules_refused, 'schedule')} not armed; the log says why`);
  say(`${plural(done.events_created, 'event')} re-created on topics`);
  if (done.memories_indexed > 0)
    say(`${plural(done.memories_indexed, 'memory', 'memories')} added to the index in Redis`);
  if (done.events_left_out > 0) say(`${plural(done.events_left_out, 'event')} left out; the log says why`);
  return 0;
}
