/**
 * Says what was found and what is wrong. Every part is looked at on its own: what is broken in one hides nothing of the
 * others. Makes and changes nothing; servers are started only when asked.
 */
import type { InspectedSettings } from '../../config/settings.ts';
import { examine, type Finding, ok } from './finding.ts';
import { examineData, examineNode, examinePacks, examineSettings } from './host.ts';
import { examineModel } from './model.ts';
import { examineMemory } from './memory.ts';
import { examineObjects } from './objects.ts';
import { examineClock, examineStreams } from './records.ts';
import { examineRedis } from './redis.ts';
import { examineSchedules } from './schedules.ts';
import { reachServers } from './servers.ts';
import { examineHolders, examineState } from './state.ts';

const READ = 'read what the message says, then run `agent-platform doctor` again';

export async function diagnose(
  inspected: InspectedSettings,
  options: { start: boolean; asks: boolean; deep: boolean },
): Promise<Finding[]> {
  const { settings } = inspected;
  const { findings: packFindings, packs } = await examinePacks(settings);
  const servers = await reachServers(settings, options.start);
  const { nc, redis, services } = servers;
  const unreached = (part: string): Finding[] => [
    ok(part, 'not looked at: its server is not reached (--start starts it)'),
  ];
  try {
    const embedded = settings.natsUrl === undefined || settings.redisUrl === undefined;
    return [
      ...examineNode(),
      ...examineSettings(inspected),
      ...packFindings,
      ...(await examineData(settings, packs)),
      ...(await examine('model', READ, () => examineModel(inspected, options.asks))),
      ...(await examine('state', READ, () => examineState(settings))),
      ...(embedded ? examineHolders(settings, services, options.start) : []),
      ...servers.findings,
      ...(nc === null
        ? unreached('streams')
        : await examine('streams', READ, () => examineStreams(nc, settings, packs))),
      ...(nc === null ? [] : await examine('schedules', READ, () => examineSchedules(nc, settings, packs))),
      ...(nc === null || !options.deep ? [] : await examine('objects', READ, () => examineObjects(nc))),
      ...(redis === null ? [] : await examine('redis', READ, () => examineRedis(redis))),
      ...(nc === null || redis === null
        ? unreached('memory')
        : await examine('memory', READ, () => examineMemory(nc, redis))),
      ...(await examine('clock', READ, () => examineClock(nc, redis))),
    ];
  } finally {
    await servers.close();
  }
}
