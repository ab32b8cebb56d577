import type { Worker } from '../../actors/worker.ts';
import { DOORS } from '../doors.ts';
import { type EndedRun, followEndedRuns } from '../ended-runs.ts';
import type { Platform } from '../platform.ts';
import { harmless, type Paint } from '../terminal.ts';
import { openDoors, scheduleText, servedText, unplayedTexts } from '../up.ts';
import { packageVersion } from '../version.ts';
import { keepReconciled } from '../keep-reconciled.ts';
import { armSchedules } from '../schedules.ts';
import { untilInterrupted } from './interruption.ts';
import { type Session, withPlatform, withWorker } from './session.ts';
import type { UpOptions } from './up.ts';

const BAD = new Set(['failed', 'refused']);

export async function serve(session: Session, { worker: works }: UpOptions): Promise<number> {
  const body = async (platform: Platform, signal: AbortSignal): Promise<number> => {
    const doors = (worker: Worker | null) => serveDoors(session, platform, signal, worker);
    await (works ? withWorker(platform, signal, doors) : doors(null));
    if (!session.json) session.say('stopped');
    return 0;
  };
  return withPlatform(session, body, { serves: true });
}

async function serveDoors(
  session: Session,
  platform: Platform,
  signal: AbortSignal,
  worker: Worker | null,
): Promise<void> {
  const works = worker !== null;
  const { json, paint, say, sayJson, logFile } = session;
  const { runtime, redis } = platform;
  const following = await followEndedRuns(platform, (run) => {
    // The worker that ended it, here or elsewhere, logs that as «run ended».
    logFile.log.info({ ...run }, 'run seen to end');
    if (json) sayJson({ ended: run });
    else say(endedText(run, paint));
  });
  try {
    const doors = await openDoors(DOORS.map((make) => make(platform, worker)));
    try {
      if (works) await keepReconciled(platform, signal, () => armSchedules(platform));
      const armed = works ? await armSchedules(platform) : [];
      const redisVersion = /^redis_version:(.+)$/m.exec(await redis.info('server'))?.[1]?.trim() ?? 'unknown';
      const versions = { platform: packageVersion(), redis: redisVersion };
      logFile.log.info({ ...versions, nats: platform.nc.info?.version, doors: doors.said, works }, 'serving');
      session.noteModel();
      if (json) sayJson({ serving: servedDocument(platform, versions, doors.said, works) });
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
    await following.stop();
  }
}

function servedDocument(
  { runtime, nc }: Platform,
  versions: { platform: string; redis: string },
  doors: readonly { name: string; says: string }[],
  works: boolean,
): Record<string, unknown> {
  const { packs } = runtime.catalog;
  return {
    versions: { ...versions, nats: nc.info?.version ?? null },
    packs: packs.map(({ manifest }) => manifest.metadata.name),
    worker: works ? runtime.worker : null,
    doors,
    schedules: packs.flatMap(({ manifest }) => Object.keys(manifest.schedules)),
    warnings: unplayedTexts({ runtime }),
  };
}

/** Time, run, agent, subject, outcome. */
function endedText({ at, run, agent, subject, outcome }: EndedRun, paint: Paint): string {
  const who = agent.replace(/^_schedule-/, 'schedule ');
  const how = BAD.has(outcome) ? paint.bad(outcome) : outcome;
  return `${at.slice(11, 19)}  ${harmless(run)}  ${who}  ${harmless(subject ?? '–')}  ${how}`;
}
