import { findSchedule, nextOf, type Schedule, schedulesOf, tenantOfSchedule } from '../../commands/schedules.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import { type Session, withPlatform } from '../session/session.ts';

/** Every schedule: when it comes due next, or that it is paused, was never armed, or has lost its message. */
export async function listSchedules(session: Session): Promise<number> {
  const { json, width, paint, note, say, sayJson } = session;
  const schedules = await withPlatform(session, async (platform) => {
    const { clockwork, now } = platform.runtime;
    return Promise.all(
      schedulesOf(platform).map(async (schedule) => {
        const { tenant } = schedule.tick;
        const kept = await clockwork.state(tenant, schedule.name);
        const lost = kept !== null && !kept.paused && !(await clockwork.isSet(tenant, schedule.name));
        const next = lost ? null : (nextOf(schedule, kept, now())?.toISOString() ?? null);
        const state = kept === null ? 'idle' : kept.paused ? 'paused' : lost ? 'not_armed' : 'armed';
        return { ...described(schedule), state, next };
      }),
    );
  });
  if (json) sayJson({ schedules });
  else if (schedules.length === 0) say('no loaded pack declares a schedule');
  else {
    const columns = ['Name', 'Cron (UTC)', 'Next (UTC)', 'Agent', 'Targets', 'Description'].map((title) => ({ title }));
    const rows = schedules.map(({ name, cron, next, state, agent, targets, description }) => {
      const due = next?.slice(0, 16).replace('T', ' ') ?? UNTIMED[state] ?? '';
      return [name, cron, due, agent, targets, description].map((each) => cell(each));
    });
    say(renderTable(columns, rows, { width, paint }));
    if (schedules.some(({ state }) => state === 'not_armed')) {
      note(
        'what is not armed has no message on the server; `agent-platform reconcile` arms it again, and where it cannot, ' +
          '`agent-platform doctor` says why',
      );
    }
  }
  return 0;
}

/** What stands in place of the next time. */
const UNTIMED: Record<string, string> = { idle: 'when `up` runs', paused: 'paused', not_armed: 'not armed' };

export async function pauseSchedule(session: Session, name: string): Promise<number> {
  await withPlatform(session, async (platform) => {
    await platform.runtime.clockwork.pause(await tenantOfSchedule(platform, name), name);
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
