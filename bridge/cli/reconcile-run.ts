import { reconcile } from '../../actors/reconcile.ts';
import { type Session, withPlatform } from './session.ts';

export async function reconcileNow(session: Session): Promise<number> {
  const { json, say, sayJson } = session;
  const done = await withPlatform(session, ({ nc, runtime }) => reconcile(nc, runtime));
  if (json) sayJson(done);
  else say(`${done.journals} journals read, ${done.woken} open ones woken; a worker goes on with them`);
  return 0;
}
