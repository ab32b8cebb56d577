/**
 * The platform as a service: one worker and the doors, until it is stopped.
 *
 * 1. The worker serves before a door opens, and stops after every door has closed.
 * 2. Doors open in order and close in reverse; when one does not open, those before it are closed again.
 */
import type { Worker } from '../../actors/worker.ts';
import { NO_PLAYER, unplayedAgents } from '../../runtime/definitions/players.ts';
import { farText } from '../../runtime/bus/clock.ts';
import type { Platform } from '../platform/platform.ts';
import { type ArmedSchedule, nextOf } from '../commands/schedules.ts';

/** A way in from outside, such as HTTP. */
export interface Door {
  readonly name: string;
  /** Opens it; resolves with what people need to know, for instance its URL. */
  start(): Promise<string>;
  /** Takes nothing more, ends what is open. Called only after `start` has resolved. */
  stop(): Promise<void>;
}

/** `worker` is that of this process, null when others do the work. */
export type MakeDoor = (platform: Platform, worker: Worker | null) => Door;

export interface OpenedDoors {
  /** In the order in which they were opened. */
  readonly said: readonly { readonly name: string; readonly says: string }[];
  close(): Promise<void>;
}

export async function openDoors(doors: readonly Door[]): Promise<OpenedDoors> {
  const open: Door[] = [];
  const said: { name: string; says: string }[] = [];
  const close = async (): Promise<void> => {
    let failure: unknown;
    for (const door of open.splice(0).toReversed()) await door.stop().catch((error: unknown) => (failure ??= error));
    if (failure !== undefined) throw failure;
  };
  try {
    for (const door of doors) {
      said.push({ name: door.name, says: await door.start() });
      open.push(door);
    }
    return { said, close };
  } catch (error) {
    await close().catch(() => {}); // What did not open is what is told. (2)
    throw error;
  }
}

/** What `up` serves, for people. Pure. */
export function servedText(
  { runtime, nc, clock }: Platform,
  versions: { platform: string; redis: string },
  doors: OpenedDoors['said'],
  works: boolean,
): string {
  const { packs } = runtime.catalog;
  return [
    `agent-platform ${versions.platform}: nats-server ${nc.info?.version}, redis-server ${versions.redis}, model ${runtime.model.name}`,
    `packs: ${packs.map(({ manifest }) => `${manifest.metadata.name} ${manifest.metadata.version}`).join(', ')}`,
    `worker: ${works ? runtime.worker : 'none'}`,
    ...doors.map(({ name, says }) => `${name}: ${says}`),
    ...warningsOf({ runtime, clock }).map((text) => `warning: ${text}`),
  ].join('\n');
}

/** Agents that this model can never answer for: to start one is refused. Pure. */
export function unplayedTexts({ runtime }: Pick<Platform, 'runtime'>): string[] {
  return runtime.catalog.packs.flatMap(({ manifest, agents, code }) =>
    unplayedAgents(runtime.model.name, agents.keys(), code).map(
      (agent) => `the agent ${agent} of the pack ${manifest.metadata.name} ${NO_PLAYER}`,
    ),
  );
}

/** What a process that serves warns of when it starts. */
export function warningsOf({ runtime, clock }: Pick<Platform, 'runtime' | 'clock'>): string[] {
  return [...clockTexts({ clock }), ...unplayedTexts({ runtime })];
}

/** A clock that is seconds away from that of NATS. */
export function clockTexts({ clock }: Pick<Platform, 'clock'>): string[] {
  return clock.aheadMs === 0 ? [] : [farText(clock.aheadMs)];
}

/** The schedules that `up` has armed, when each comes due, and what is wrong with any. Pure. */
export function scheduleText(armed: readonly ArmedSchedule[], now: Date): string {
  const each = armed.map(({ schedule, state, problem }) => {
    const next = nextOf(schedule, state, now)?.toISOString().slice(0, 16).replace('T', ' ');
    const due = next ? `next ${next} UTC` : state ? 'paused' : 'not armed';
    return `${schedule.name} (${due}${problem ? '; see the warning' : ''})`;
  });
  const warnings = scheduleWarnings(armed).map((text) => `warning: ${text}`);
  return [`schedules: ${each.join(', ') || 'none'}`, ...warnings].join('\n');
}

export function scheduleWarnings(armed: readonly ArmedSchedule[]): string[] {
  return armed.flatMap(({ schedule, problem }) =>
    problem ? [`the schedule ${schedule.name}: ${problem.message} [${problem.code}]`] : [],
  );
}
