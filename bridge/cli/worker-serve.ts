import { plural } from '../doctor/finding.ts';
import { untilInterrupted } from './interruption.ts';
import { type Session, withPlatform, withWorker } from './session.ts';

export async function serveWorker(session: Session): Promise<number> {
  const { json, say, sayJson, logFile } = session;
  return withPlatform(session, async (platform, signal) => {
    await withWorker(platform, signal, async () => {
      const { worker, catalog } = platform.runtime;
      const agents = catalog.agents().map(({ resolved }) => resolved.definition.metadata.name);
      const packs = catalog.packs.map(({ manifest }) => `${manifest.metadata.name} ${manifest.metadata.version}`);
      const server = platform.nc.getServer();
      logFile.log.info({ worker, agents, server }, 'worker serves');
      if (json) sayJson({ worker, pid: process.pid, agents, packs, nats: server });
      else say(`worker ${worker} serves ${plural(agents.length, 'agent')} of ${packs.join(', ')} on ${server}`);
      await untilInterrupted(signal);
    });
    return 0;
  });
}
