import { findSchedule, nextOf, type Schedule, schedulesOf } from '../schedules.ts';
import { cell, renderTable } from '../table.ts';
import { type Session, withPlatform } from './session.ts';

/** Every schedule with its state: when it comes due next, or that it is paused, or that nothing has armed it yet. */
export async function listSchedules(session: Session): Promise<number> {
  const { json, width, paint, say, sayJson } = session;
  const schedules = await withPlatform(session, async (platform) => {
    const { clockwork, now } = platform.runtime;
    return Promise.all(
      schedulesOf(platform).map(async (schedule) => {
        const state = await clockwork.state(schedule.tick.tenant, schedule.name);
        const next = nextOf(schedule, state, now())?.toISOString() ?? null;
        return { ...described(schedule), state: state === null ? 'idle' : state.paused ? 'paused' : 'armed', next };
      }),
    );
  });
  if (json) sayJson({ schedules });
  else if (schedules.length === 0) say('no loaded pack declares a schedule');
  else {
    const columns = ['Name', 'Cron (UTC)', 'Next (UTC)', 'Agent', 'Targets', 'Description'].map((title) => ({ title }));
    const rows = schedules.map(({ name, cron, next, state, agent, targets, description }) => {
      const due = next?.slice(0, 16).replace('T', ' ') ?? (state === 'paused' ? 'paused' : 'when `up` runs');
      return [name, cron, due, agent, targets, description].map((each) => cell(each));
    });
    say(renderTable(columns, rows, { width, paint }));
  }
  return 0;
}

export async function pauseSchedule(session: Session, name: string): Promise<number> {
  await withPlatform(session, async (platform) => {
    const { tick } = findSchedule(platform, name);
    await platform.runtime.clockwork.pause(tick.tenant, name);
  });
  tell(session, name, 'paused', null);
  return 0;
}

export async function resumeSchedule(session: Session, name: string): Promise<number> {
  const next = await withPlatform(session, async (platform) => {
    const { clockwork, now } = platform.runtime;
    const schedule = findSchedule(platform, name);
    await clockwork.resume(schedule.tick, schedule.cron);
    return nextOf(schedule, await clockwork.state(schedule.tick.tenant, name), now());
  });
  tell(session, name, 'armed', next);
  return 0;
}

function tell({ json, say, sayJson }: Session, name: string, state: string, next: Date | null): void {
  if (json) sayJson({ name, state, next: next?.toISOString() ?? null });
  else if (state === 'paused') say(`${name} is paused: it starts nothing until \`schedules resume ${name}\``);
  else say(`${name} comes due next at ${next?.toISOString() ?? 'no time'}`);
}

function described({ name, pack, description, cron, agent, targets, tick }: Schedule): Record<string, string> & {
  name: string;
  cron: string;
  agent: string;
  targets: string;
  description: string;
} {
  return { name, pack, description, cron, agent, targets, tenant: tick.tenant };
}
