import { Events } from 'nats';
import { reconcile } from '../actors/reconcile.ts';
import type { Platform } from './platform.ts';

/** Reconciles now, and each time the connection to NATS came back, until the signal aborts. */
export async function keepReconciled(platform: Platform, signal: AbortSignal): Promise<void> {
  const { nc, runtime } = platform;
  const once = async (why: string): Promise<void> => {
    const done = await reconcile(nc, runtime);
    if (done.woken > 0) runtime.log.info({ ...done, why }, 'reconciled');
  };
  await once('start');
  const follow = async (): Promise<void> => {
    for await (const { type } of nc.status()) {
      if (signal.aborted) return;
      if (type !== Events.Reconnect) continue;
      await once('reconnected').catch((err: unknown) => runtime.log.warn({ err }, 'reconciling failed'));
    }
  };
  void follow();
}
