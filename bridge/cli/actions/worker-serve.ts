import { plural } from '../../doctor/finding.ts';
import { endedRun } from '../render/ended-runs.ts';
import { keepReconciled } from '../../serve/keep-reconciled.ts';
import type { Platform } from '../../platform/platform.ts';
import { clockTexts } from '../../serve/up.ts';
import { untilInterrupted } from '../session/interruption.ts';
import { type Session, withPlatformUntil, withWorker } from '../session/session.ts';
import { type ServingTeller, tellServing } from '../render/tell-serving.ts';

export async function serveWorker(session: Session): Promise<number> {
  const { json, say, sayJson, logFile } = session;
  const body = async (platform: Platform, signal: AbortSignal): Promise<number> => {
    const teller = tellServing(session, platform.runtime.now);
    tellOwn(platform, teller);
    const serving = withWorker(platform, signal, async () => {
      await keepReconciled(platform, signal);
      const { worker, catalog } = platform.runtime;
      const agents = catalog.agents().map(({ resolved }) => resolved.definition.metadata.name);
      const packs = catalog.packs.map(({ manifest }) => `${manifest.metadata.name} ${manifest.metadata.version}`);
      const server = platform.nc.getServer();
      logFile.log.info({ worker, agents, server }, 'worker serves');
      session.noteModel();
      const warnings = clockTexts(platform);
      for (const text of warnings) session.note(`warning: ${text}`);
      if (json) sayJson({ worker, pid: process.pid, agents, packs, nats: server, warnings });
      else say(`worker ${worker} serves ${plural(agents.length, 'agent')} of ${packs.join(', ')} on ${server}`);
      await untilInterrupted(signal);
    });
    await serving.finally(() => teller.stop());
    return 0;
  };
  return withPlatformUntil(session, body, { serves: true });
}

/** What this worker leaves waiting, or fails: an `up` tells of all workers. */
function tellOwn({ runtime }: Platform, teller: ServingTeller): void {
  runtime.journal.observe((address, entry, { status }) => {
    if (status !== 'appended') return;
    teller.take(address, entry);
    const run = endedRun(address, entry);
    if (run !== null && run.error !== null) teller.ended(run);
  });
}
