/** Schedules at work: armed by whoever serves, their ticks made batches, a missed one made up. */
import type { Tick } from '../../runtime/mail/mail.ts';
import { lastTick, nextTick, tickName } from '../../runtime/schedules/cron.ts';
import type { ScheduleState } from '../../runtime/schedules/clockwork.ts';
import { PlatformError } from '../../config/errors.ts';
import { checkOneMeaning } from '../platform/data-packs.ts';
import { openBatch } from './start-batch.ts';
import { dataOf, type Platform } from '../platform/platform.ts';

export interface Schedule {
  name: string;
  pack: string;
  description: string;
  cron: string;
  agent: string;
  targets: string;
  tick: Tick;
}

export interface ArmedSchedule {
  schedule: Schedule;
  /** Null when it was never armed. */
  state: ScheduleState | null;
  /** Why it is not armed as its pack says, or why a missed tick did not begin; null when all is well. */
  problem: PlatformError | null;
}

/** The schedules of the loaded packs that have a data folder to look into. */
export function schedulesOf(platform: Platform, packs = platform.runtime.catalog.packs): Schedule[] {
  const { settings } = platform;
  checkOneMeaning(settings, packs);
  return packs.flatMap((pack) => {
    const { folder, tenant } = dataOf(settings, pack);
    if (folder === null) return [];
    return Object.entries(pack.manifest.schedules).map(([name, { description, cron, agent, targets }]) => ({
      name,
      pack: pack.manifest.metadata.name,
      description,
      cron,
      agent,
      targets,
      tick: { type: 'tick' as const, tenant, schedule: name, data: folder },
    }));
  });
}

export function findSchedule(platform: Platform, name: string): Schedule {
  const declared = platform.runtime.catalog.schedule(name);
  const schedules = schedulesOf(platform, declared && [declared.pack]);
  const found = schedules.find((schedule) => schedule.name === name);
  if (found) return found;
  const known = schedules.map((schedule) => schedule.name).join(', ') || 'none';
  throw new PlatformError('schedule.unknown', `no schedule is called ${name}; there are: ${known}`);
}

/** Whose a schedule is; also of one that no loaded pack declares any more and that still ticks. @throws PlatformError `schedule.unknown` */
export async function tenantOfSchedule(platform: Platform, name: string): Promise<string> {
  const { runtime, settings } = platform;
  const { tenant } = settings;
  if (runtime.catalog.schedule(name)) return findSchedule(platform, name).tick.tenant;
  const kept = (await runtime.clockwork.all()).filter(
    (each) => each.schedule === name && (tenant === undefined || each.tenant === tenant),
  );
  if (kept.length > 1) {
    const whose = kept.map((each) => each.tenant).join(', ');
    throw new PlatformError('schedule.unknown', `${name} is a schedule of several tenants (${whose}); say --tenant`);
  }
  return kept[0]?.tenant ?? findSchedule(platform, name).tick.tenant;
}

/** The batch that a tick begins: its id is made from the tick's own time, so every delivery names the same one. */
function tickBatch({ schedule }: Tick, at: Date): string {
  return `${schedule}-${tickName(at)}`;
}

/**
 * Begins the batch of a tick. `next` is the tick after it as the server announced it; without that, the last tick up to
 * `now` is meant.
 */
export async function takeTick(platform: Platform, tick: Tick, next: Date | null): Promise<void> {
  const { runtime } = platform;
  const declared = runtime.catalog.schedule(tick.schedule);
  if (!declared) throw new PlatformError('schedule.unknown', `no loaded pack declares the schedule ${tick.schedule}`);
  // A tick may have waited while its pack's line changed: it was due by the line that it comes from.
  const cron = tick.cron ?? declared.schedule.cron;
  const at = lastTick(cron, next ? new Date(next.getTime() - 1) : runtime.now());
  if (at) await beginTick(platform, tick, at);
}

async function beginTick(platform: Platform, tick: Tick, at: Date): Promise<void> {
  const { log } = platform.runtime;
  const { schedule } = tick;
  // The batch reads the folder that its schedule was armed with, whatever this process reads.
  const settings = { ...platform.settings, tenant: tick.tenant, data: tick.data };
  const batch = tickBatch(tick, at);
  try {
    const { created } = await openBatch({ ...platform, settings }, { schedule, batch });
    if (created) log.info({ schedule, batch, tick: at.toISOString() }, 'tick');
  } catch (error) {
    // It was begun already, such as from the folder that the schedule was armed with then: there is nothing left to do.
    if (!(error instanceof PlatformError) || error.code !== 'run.exists') throw error;
    log.warn({ schedule, batch, reason: error.message }, 'the id of a tick’s batch is taken; nothing is begun');
  }
}

/**
 * Arms every schedule. The server skips ticks that fall into its own downtime: the last one since the schedule's line was
 * armed is made up. A schedule that cannot be armed is told and logged, and stops no other.
 */
export async function armSchedules(platform: Platform): Promise<ArmedSchedule[]> {
  const armed: ArmedSchedule[] = [];
  for (const schedule of schedulesOf(platform)) armed.push(await armOne(platform, schedule));
  return armed;
}

async function armOne(platform: Platform, schedule: Schedule): Promise<ArmedSchedule> {
  const { clockwork, log, now } = platform.runtime;
  const { tick, name, cron } = schedule;
  try {
    const state = await clockwork.arm(tick, cron);
    const missed = lastTick(cron, now());
    if (!state.paused && missed && missed.toISOString() > state.since) await beginTick(platform, tick, missed);
    return { schedule, state, problem: null };
  } catch (problem) {
    if (!(problem instanceof PlatformError)) throw problem;
    log.error({ err: problem, schedule: name }, 'a schedule could not be armed, or its missed tick not begun');
    return { schedule, state: await clockwork.state(tick.tenant, name), problem };
  }
}

/** When a schedule comes due next; null while it is paused or was never armed. */
export function nextOf({ cron }: Schedule, state: ScheduleState | null, now: Date): Date | null {
  return state && !state.paused ? nextTick(state.armed?.cron ?? cron, now) : null;
}
