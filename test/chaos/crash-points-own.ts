/** Crash points on servers of their own, for the command line. */
import { CUSTOMER_SUCCESS, platformOn } from '../support/platform.ts';
import { startServers } from '../support/servers.ts';
import { type CrashPoints, type CrashPointsOptions, crashPoints, JOURNEYS } from './crash-points.ts';

export async function ownCrashPoints(options: Pick<CrashPointsOptions, 'every' | 'log'>): Promise<CrashPoints> {
  const servers = await startServers();
  try {
    const open = (process = {}) => platformOn(servers, { packs: [CUSTOMER_SUCCESS], ...process });
    return await crashPoints(open, { journeys: JOURNEYS, ackWaitMs: 500, ...options });
  } finally {
    await servers.stop();
  }
}
