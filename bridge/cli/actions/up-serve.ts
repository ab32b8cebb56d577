import type { Worker } from '../../../actors/worker.ts';
import { httpDoor } from '../../http/server.ts';
import { NatsDoor } from '../../nats/door.ts';
import { endedRun } from '../render/ended-runs.ts';
import { positions, watchJournals } from '../../follow/watch.ts';
import type { Address } from '../../../runtime/address.ts';
import type { StoredEntry } from '../../../runtime/journal/journal.ts';
import { patiently } from '../../../runtime/bus/patience.ts';
import type { Platform } from '../../platform/platform.ts';
import { type MakeDoor, openDoors, scheduleText, scheduleWarnings, servedText, warningsOf } from '../../serve/up.ts';
import { packageVersion } from '../../platform/version.ts';
import { keepReconciled } from '../../serve/keep-reconciled.ts';
import { type ArmedSchedule, armSchedules } from '../../commands/schedules.ts';
import { untilInterrupted } from '../session/interruption.ts';
import { type Session, withPlatformUntil, withWorker } from '../session/session.ts';
import { tellServing } from '../render/tell-serving.ts';

export interface UpOptions {
  worker: boolean;
}

/** The doors that `up` opens, in this order. */
const DOORS: readonly MakeDoor[] = [
  (platform) => new NatsDoor(platform),
  (platform, worker) => httpDoor(platform, { vitals: worker && (() => worker.vitals) }),
];

export async function serve(session: Session, { worker: works }: UpOptions): Promise<number> {
  const body = async (platform: Platform, signal: AbortSignal): Promise<number> => {
    const doors = (worker: Worker | null) => serveDoors(session, platform, signal, worker);
    await (works ? withWorker(platform, signal, doors) : doors(null));
    if (!session.json) session.say('stopped');
    return 0;
  };
  return withPlatformUntil(session, body, { serves: true });
}

async function serveDoors(
  session: Session,
  platform: Platform,
  signal: AbortSignal,
  worker: Worker | null,
): Promise<void> {
  const works = worker !== null;
  const { json, say, sayJson, logFile } = session;
  const { runtime, redis } = platform;
  const teller = tellServing(session, runtime.now);
  const stopped = new AbortController();
  const after = await positions(platform.nc, runtime.journal);
  const told = {
    tenant: '*',
    runs: [],
    after,
    signal: stopped.signal,
    onEntry: (address: Address, entry: StoredEntry) => {
      teller.take(address, entry);
      const run = endedRun(address, entry);
      if (run === null) return;
      // The worker that ended it, here or elsewhere, logs that as «run ended».
      logFile.log.info({ ...run }, 'run seen to end');
      teller.ended(run);
    },
  };
  const following = patiently(platform.nc, () => watchJournals(platform.nc, runtime.journal, told)).catch(
    (err: unknown) => logFile.log.error({ err }, 'what becomes of runs is no longer told'),
  );
  try {
    const doors = await openDoors(DOORS.map((make) => make(platform, worker)));
    try {
      if (works) await keepReconciled(platform, signal, () => armSchedules(platform));
      const armed = works ? await patiently(platform.nc, () => armSchedules(platform)) : [];
      const redisVersion = /^redis_version:(.+)$/m.exec(await redis.info('server'))?.[1]?.trim() ?? 'unknown';
      const versions = { platform: packageVersion(), redis: redisVersion };
      logFile.log.info({ ...versions, nats: platform.nc.info?.version, doors: doors.said, works }, 'serving');
      session.noteModel();
      if (json) sayJson({ serving: servedDocument(platform, versions, doors.said, works, armed) });
      else
        say(
          `${servedText(platform, versions, doors.said, works)}\n${scheduleText(armed, runtime.now())}\nserving; Ctrl-C stops, the log is ${logFile.path}`,
        );
      await untilInterrupted(signal);
      logFile.log.info({ worker: runtime.worker }, 'stopping');
    } finally {
      await doors.close();
    }
  } finally {
    teller.stop();
    stopped.abort();
    await following;
  }
}

function servedDocument(
  { runtime, nc, clock }: Platform,
  versions: { platform: string; redis: string },
  doors: readonly { name: string; says: string }[],
  works: boolean,
  armed: readonly ArmedSchedule[],
): Record<string, unknown> {
  const { packs } = runtime.catalog;
  return {
    versions: { ...versions, nats: nc.info?.version ?? null },
    packs: packs.map(({ manifest }) => manifest.metadata.name),
    worker: works ? runtime.worker : null,
    doors,
    schedules: packs.flatMap(({ manifest }) => Object.keys(manifest.schedules)),
    warnings: [...warningsOf({ runtime, clock }), ...scheduleWarnings(armed)],
  };
}
