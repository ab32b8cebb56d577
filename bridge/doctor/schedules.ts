/** Schedules that were armed: whether the server ticks for them, and by a line that a pack still has. Changes nothing. */
import type { NatsConnection } from 'nats';
import type { Settings } from '../../config/settings.ts';
import { Publisher } from '../../runtime/bus/publish.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import { Clockwork, type ScheduleState, SCHEDULES_STREAM } from '../../runtime/schedules/clockwork.ts';
import { cronProblem } from '../../runtime/schedules/cron.ts';
import { dataOf } from '../platform/platform.ts';
import { fail, type Finding, ok, plural, warn } from './finding.ts';

const PART = 'schedules';

export async function examineSchedules(
  nc: NatsConnection,
  settings: Settings,
  packs: readonly LoadedPack[],
): Promise<Finding[]> {
  const jsm = await nc.jetstreamManager();
  let found = false;
  for await (const name of jsm.streams.names()) found ||= name === SCHEDULES_STREAM;
  if (!found) return [ok(PART, 'none was ever armed; `agent-platform up` does that')];
  const clockwork = await Clockwork.open(nc, jsm, new Publisher(nc, 'refuse'), () => new Date());
  const all = await clockwork.all();
  const going = all.filter(({ state }) => !state.paused);
  const findings: Finding[] = [];
  for (const { tenant, schedule, state } of going) {
    const finding = look(
      schedule,
      state,
      await clockwork.isSet(tenant, schedule),
      declaredLine(settings, packs, tenant, schedule),
    );
    if (finding) findings.push(finding);
  }
  const paused = all.length - going.length;
  const text = `${plural(going.length - findings.length, 'schedule')} armed, ${paused} paused`;
  return [ok(PART, text), ...findings];
}

/** `declared`: the line of the pack; null when no loaded pack of that tenant declares the schedule. */
function look(schedule: string, { armed }: ScheduleState, isSet: boolean, declared: string | null): Finding | null {
  const pause = `\`agent-platform schedules pause ${schedule}\` ends it`;
  const wrong = armed ? cronProblem(armed.cron) : null;
  const remedy =
    declared === null || declared === armed?.cron
      ? `correct the line in its pack.yaml and run \`agent-platform up\`; ${pause}`
      : `its pack says ${JSON.stringify(declared)} by now: \`agent-platform up\` arms it so; ${pause}`;
  if (armed && wrong) {
    const text = `${schedule} was armed with ${JSON.stringify(armed.cron)}, which is not taken: ${wrong.problem}`;
    return fail(PART, text, remedy);
  }
  if (!isSet) {
    return warn(
      PART,
      `${schedule} is not armed: its message on the server is lost`,
      '`agent-platform reconcile` arms it again',
    );
  }
  if (declared === null)
    return warn(PART, `${schedule} ticks, and no loaded pack declares it`, `load its pack; ${pause}`);
  return armed && armed.cron !== declared
    ? warn(PART, `${schedule} ticks by ${JSON.stringify(armed.cron)}, not by its pack’s line`, remedy)
    : null;
}

function declaredLine(
  settings: Settings,
  packs: readonly LoadedPack[],
  tenant: string,
  schedule: string,
): string | null {
  const pack = packs.find(
    (each) => each.manifest.schedules[schedule] !== undefined && dataOf(settings, each).tenant === tenant,
  );
  return pack?.manifest.schedules[schedule]?.cron ?? null;
}
