/**
 * Schedules as the NATS server keeps them: one message per tenant and schedule, from which the server publishes the
 * ticks. No process of ours holds a clock, so a schedule goes on whatever worker lives.
 *
 * 1. A schedule's message is rewritten only when it differs, so that arming it again loses no tick. The server replaces it
 *    in one step: there is no moment without one, and what it refuses leaves the one before.
 * 2. A paused schedule has no message; that it is paused, since when it is armed, and with what, stands in a record
 *    beside it. The record says that it is armed only after the server took the message, and that it is paused before the
 *    message is removed; what a crash leaves between the two is put right by `rearm`, or by the next `arm`.
 * 3. What was armed and lost its message is armed again as it was; only `arm` and `resume` say what that is.
 * 4. Ticks count from when their line was armed: none is made up for a time before it.
 */
import type { JetStreamManager, KV, NatsConnection } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { held } from '../bus/kv.ts';
import { isFull, isWrongLastSequence, type Publisher, storageFull } from '../bus/publish.ts';
import { openBucket } from '../bus/streams.ts';
import type { Json } from '../json.ts';
import type { Tick } from '../mail/mail.ts';
import { CronMessages } from './cron-messages.ts';

const BUCKET = 'SCHEDULES';
/** The stream of that bucket. */
export const SCHEDULES_STREAM = `KV_${BUCKET}`;

export interface ScheduleState {
  paused: boolean;
  /** ISO time since when its ticks count. */
  since: string;
  /** What its message says; absent while it is paused. */
  armed?: Armed;
}

interface Armed {
  cron: string;
  /** The folder that its ticks name. */
  data: string;
}

export interface Rearmed {
  /** How many had lost their message and have it again. */
  armed: number;
  /** Coded `schedule.refused`, one for each that the server does not take. */
  refused: PlatformError[];
}

/** What a start of a schedule is about to begin. */
export interface Announced {
  batch: string;
  /** Target ids, or a reference to them (see `objects.ts`). */
  targets: Json;
  /** All targets of the schedule; then `targets` names none. */
  all?: boolean;
}

/** Longer than a door takes from its announcement to the batch's journal. */
const ANNOUNCED_MS = 60_000;

function turnKey(tenant: string, schedule: string): string {
  return `turn.${tenant}.${schedule}`;
}

export class Clockwork {
  private readonly messages: CronMessages;
  private readonly kv: KV;
  private readonly now: () => Date;

  private constructor(messages: CronMessages, kv: KV, now: () => Date) {
    this.messages = messages;
    this.kv = kv;
    this.now = now;
  }

  static async open(
    nc: NatsConnection,
    jsm: JetStreamManager,
    publisher: Publisher,
    now: () => Date,
    replicas = 1,
  ): Promise<Clockwork> {
    return new Clockwork(new CronMessages(jsm, publisher), await openBucket(nc, BUCKET, replicas), now);
  }

  /** Null for a schedule that was never armed. */
  async state(tenant: string, schedule: string): Promise<ScheduleState | null> {
    return (await this.record(tenant, schedule)).state;
  }

  /** The latest announcement of a start of the schedule, while it is fresh, and the revision to announce on top of. */
  async turn(tenant: string, schedule: string): Promise<{ revision: number; announced: Announced | null }> {
    const entry = await this.kv.get(turnKey(tenant, schedule));
    const announced = held(entry);
    const fresh = announced !== null && this.now().getTime() - announced.created.getTime() < ANNOUNCED_MS;
    return { revision: entry?.revision ?? 0, announced: fresh ? announced.json<Announced>() : null };
  }

  /** Announces a start; false when another one was announced since `revision` was read. @throws PlatformError `storage.full` */
  async takeTurn(tenant: string, schedule: string, revision: number, announced: Announced): Promise<boolean> {
    try {
      await this.kv.put(turnKey(tenant, schedule), JSON.stringify(announced), { previousSeq: revision });
      return true;
    } catch (error) {
      if (isWrongLastSequence(error)) return false;
      throw isFull(error) ? storageFull(error) : error;
    }
  }

  /**
   * Sets the schedule going, unless it is paused. Returns its state.
   * @throws PlatformError `schedule.refused`: nothing has changed
   */
  async arm(tick: Tick, cron: string): Promise<ScheduleState> {
    const { tenant, schedule } = tick;
    const armed = { cron, data: tick.data };
    let written = false;
    for (;;) {
      const { state, revision } = await this.record(tenant, schedule);
      if (state?.paused) {
        // It was paused while ours was on its way (2).
        if (written) await this.messages.clear(tenant, schedule);
        return state;
      }
      if (!(await this.messages.holds(tick, cron))) {
        await this.messages.write(tick, cron);
        written = true;
      }
      if (state && isSame(state.armed, armed)) return state;
      const next = { paused: false, since: this.sinceOf(state, cron), armed };
      if (await this.replace(tenant, schedule, next, revision)) return next;
    }
  }

  /** Arms again, as they were, the schedules whose message got lost (3). One that is refused is left and told. */
  async rearm(): Promise<Rearmed> {
    const result: Rearmed = { armed: 0, refused: [] };
    for (const { tenant, schedule, state } of await this.all()) {
      try {
        if (await this.mend(tenant, schedule, state)) result.armed += 1;
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== 'schedule.refused') throw error;
        result.refused.push(error);
      }
    }
    return result;
  }

  /** Every schedule that was ever armed or paused, of all tenants. */
  async all(): Promise<{ tenant: string; schedule: string; state: ScheduleState }[]> {
    const keys: string[] = [];
    for await (const key of await this.kv.keys('*.*')) keys.push(key);
    const all = [];
    for (const key of keys) {
      const [tenant = '', schedule = ''] = key.split('.');
      const state = await this.state(tenant, schedule);
      if (state) all.push({ tenant, schedule, state });
    }
    return all;
  }

  /** Whether the server holds a message from which it publishes ticks. */
  async isSet(tenant: string, schedule: string): Promise<boolean> {
    return this.messages.isSet(tenant, schedule);
  }

  /** No more ticks until it is resumed; those of the meantime are not made up. */
  async pause(tenant: string, schedule: string): Promise<void> {
    await this.keep(tenant, schedule, { paused: true });
    await this.messages.clear(tenant, schedule);
  }

  /** @throws PlatformError `schedule.refused`: it stays paused */
  async resume(tick: Tick, cron: string): Promise<void> {
    if (!(await this.messages.holds(tick, cron))) await this.messages.write(tick, cron);
    await this.keep(tick.tenant, tick.schedule, { paused: false, armed: { cron, data: tick.data } });
  }

  private async keep(tenant: string, schedule: string, state: Omit<ScheduleState, 'since'>): Promise<void> {
    await this.kv.put(`${tenant}.${schedule}`, JSON.stringify({ ...state, since: this.now().toISOString() }));
  }

  /** A line that differs counts from now; another folder changes nothing of when ticks were due (4). */
  private sinceOf(state: ScheduleState | null, cron: string): string {
    const goesOn = state !== null && (state.armed === undefined || state.armed.cron === cron);
    return goesOn ? state.since : this.now().toISOString();
  }

  private async record(tenant: string, schedule: string): Promise<{ state: ScheduleState | null; revision: number }> {
    const entry = await this.kv.get(`${tenant}.${schedule}`);
    const state = held(entry)?.json<ScheduleState>() ?? null;
    return { state, revision: entry?.revision ?? 0 };
  }

  /** False when somebody else wrote the record meanwhile. */
  private async replace(tenant: string, schedule: string, state: ScheduleState, revision: number): Promise<boolean> {
    try {
      await this.kv.put(`${tenant}.${schedule}`, JSON.stringify(state), { previousSeq: revision });
      return true;
    } catch (error) {
      if (isWrongLastSequence(error)) return false;
      throw error;
    }
  }

  /** True when a message was missing and is there again. */
  private async mend(tenant: string, schedule: string, { paused, armed }: ScheduleState): Promise<boolean> {
    const isSet = await this.isSet(tenant, schedule);
    if (paused && isSet) await this.messages.clear(tenant, schedule);
    if (paused || !armed || isSet) return false;
    const tick: Tick = { type: 'tick', tenant, schedule, data: armed.data };
    const created = await this.messages.create(tick, armed.cron);
    // Paused meanwhile: that was told before its message was removed, and ours may have come after.
    if ((await this.state(tenant, schedule))?.paused) await this.messages.clear(tenant, schedule);
    return created;
  }
}

function isSame(one: Armed | undefined, other: Armed): boolean {
  return one !== undefined && one.cron === other.cron && one.data === other.data;
}
