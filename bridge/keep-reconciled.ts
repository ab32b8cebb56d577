import { Events } from 'nats';
import { reconcile } from '../actors/reconcile.ts';
import { PlatformError } from '../config/errors.ts';
import type { Platform } from './platform.ts';

/**
 * Reconciles now, and each time the connection to NATS came back, until the signal aborts. `onReturn` is called after the
 * latter: a server that came back may have lost what else this process keeps there.
 */
export async function keepReconciled(
  platform: Platform,
  signal: AbortSignal,
  onReturn: () => Promise<unknown> = async () => {},
): Promise<void> {
  const { nc, runtime } = platform;
  const once = async (why: string): Promise<void> => {
    const done = await reconcile(nc, runtime);
    const { woken, events_created, events_left_out, schedules_armed } = done;
    if (woken + events_created + events_left_out + schedules_armed > 0)
      runtime.log.info({ ...done, why }, 'reconciled');
  };
  const failed = (err: unknown): void => runtime.log.warn({ err }, 'reconciling failed');
  await once('start').catch((error: unknown) => {
    if (!(error instanceof PlatformError)) throw error;
    failed(error);
  });
  const follow = async (): Promise<void> => {
    for await (const { type } of nc.status()) {
      if (signal.aborted) return;
      if (type !== Events.Reconnect) continue;
      await once('reconnected').then(onReturn).catch(failed);
    }
  };
  void follow();
}
