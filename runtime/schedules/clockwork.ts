/**
 * Schedules as the NATS server keeps them: one message per tenant and schedule, from which the server publishes the
 * ticks. No process of ours holds a clock, so a schedule goes on whatever worker lives.
 *
 * 1. A schedule's message is rewritten only when it differs, so that arming it again loses no tick.
 * 2. A paused schedule has no message; that it is paused, since when it is armed, and with what, stands in a bucket
 *    beside it.
 * 3. What was armed and lost its message is armed again as it was; only `arm` and `resume` say what that is.
 */
import {
  headers,
  type JetStreamManager,
  type KV,
  type MsgHdrs,
  type NatsConnection,
  NatsError,
  type StoredMsg,
} from 'nats';
import { isWrongLastSequence, type Publisher } from '../bus/publish.ts';
import type { Tick } from '../mail/mail.ts';
import { cronSubject, MAIL_STREAM, tickSubject } from '../subjects.ts';

const BUCKET = 'SCHEDULES';
const CRON_HEADER = 'Nats-Schedule';
const TARGET_HEADER = 'Nats-Schedule-Target';
export const NEXT_HEADER = 'Nats-Schedule-Next';

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

/** What a start of a schedule is about to begin. */
export interface Announced {
  batch: string;
  targets: string[];
}

/** Longer than a door takes from its announcement to the batch's journal. */
const ANNOUNCED_MS = 60_000;

function turnKey(tenant: string, schedule: string): string {
  return `turn.${tenant}.${schedule}`;
}

export class Clockwork {
  private readonly publisher: Publisher;
  private readonly jsm: JetStreamManager;
  private readonly kv: KV;
  private readonly now: () => Date;

  private constructor(publisher: Publisher, jsm: JetStreamManager, kv: KV, now: () => Date) {
    this.publisher = publisher;
    this.jsm = jsm;
    this.kv = kv;
    this.now = now;
  }

  static async open(
    nc: NatsConnection,
    jsm: JetStreamManager,
    publisher: Publisher,
    now: () => Date,
  ): Promise<Clockwork> {
    return new Clockwork(publisher, jsm, await nc.jetstream().views.kv(BUCKET, { history: 1 }), now);
  }

  /** Null for a schedule that was never armed. */
  async state(tenant: string, schedule: string): Promise<ScheduleState | null> {
    const entry = await this.kv.get(`${tenant}.${schedule}`);
    return entry && entry.operation === 'PUT' ? entry.json<ScheduleState>() : null;
  }

  /** The latest announcement of a start of the schedule, while it is fresh, and the revision to announce on top of. */
  async turn(tenant: string, schedule: string): Promise<{ revision: number; announced: Announced | null }> {
    const entry = await this.kv.get(turnKey(tenant, schedule));
    if (!entry) return { revision: 0, announced: null };
    const fresh = this.now().getTime() - entry.created.getTime() < ANNOUNCED_MS;
    return { revision: entry.revision, announced: fresh ? entry.json<Announced>() : null };
  }

  /** Announces a start; false when another one was announced since `revision` was read. */
  async takeTurn(tenant: string, schedule: string, revision: number, announced: Announced): Promise<boolean> {
    try {
      await this.kv.put(turnKey(tenant, schedule), JSON.stringify(announced), { previousSeq: revision });
      return true;
    } catch (error) {
      if (isWrongLastSequence(error)) return false;
      throw error;
    }
  }

  /** Sets the schedule going, unless it is paused. Returns its state. */
  async arm(tick: Tick, cron: string): Promise<ScheduleState> {
    const { tenant, schedule } = tick;
    const state = await this.claim(tenant, schedule, { cron, data: tick.data });
    if (!state.paused && !(await this.holds(tick, cron))) await this.write(tick, cron);
    return state;
  }

  /** Arms again, as they were, the schedules whose message got lost. Returns how many. (3) */
  async rearm(): Promise<number> {
    let count = 0;
    for await (const key of await this.kv.keys('*.*')) {
      const [tenant = '', schedule = ''] = key.split('.');
      const armed = (await this.state(tenant, schedule))?.armed;
      if (!armed || (await this.isSet(tenant, schedule))) continue;
      const tick: Tick = { type: 'tick', tenant, schedule, data: armed.data };
      if (await this.publisher.once(cronSubject(tenant, schedule), tick, lineHeaders(tick, armed.cron))) count += 1;
      // Paused meanwhile: that was told before its message was removed, and ours may have come after.
      if ((await this.state(tenant, schedule))?.paused) await this.clear(tenant, schedule);
    }
    return count;
  }

  /** Whether the server holds a message from which it publishes ticks. */
  async isSet(tenant: string, schedule: string): Promise<boolean> {
    return (await this.message(tenant, schedule)) !== null;
  }

  /** No more ticks until it is resumed; those of the meantime are not made up. */
  async pause(tenant: string, schedule: string): Promise<void> {
    await this.keep(tenant, schedule, { paused: true });
    await this.clear(tenant, schedule);
  }

  async resume(tick: Tick, cron: string): Promise<void> {
    await this.keep(tick.tenant, tick.schedule, { paused: false, armed: { cron, data: tick.data } });
    if (!(await this.holds(tick, cron))) await this.write(tick, cron);
  }

  private async keep(tenant: string, schedule: string, state: Omit<ScheduleState, 'since'>): Promise<void> {
    await this.kv.put(`${tenant}.${schedule}`, JSON.stringify({ ...state, since: this.now().toISOString() }));
  }

  /** Says with what a schedule is armed from now on, unless it is paused; since when its ticks count stays. */
  private async claim(tenant: string, schedule: string, armed: Armed): Promise<ScheduleState> {
    const key = `${tenant}.${schedule}`;
    for (;;) {
      const entry = await this.kv.get(key);
      const known = entry?.operation === 'PUT' ? entry.json<ScheduleState>() : null;
      if (known?.paused) return known;
      if (known?.armed?.cron === armed.cron && known.armed.data === armed.data) return known;
      const state: ScheduleState = { paused: false, since: known?.since ?? this.now().toISOString(), armed };
      try {
        await this.kv.put(key, JSON.stringify(state), { previousSeq: entry?.revision ?? 0 });
        return state;
      } catch (error) {
        if (!isWrongLastSequence(error)) throw error;
      }
    }
  }

  private async holds(tick: Tick, cron: string): Promise<boolean> {
    const message = await this.message(tick.tenant, tick.schedule);
    return message?.header.get(CRON_HEADER) === cron && message.string() === JSON.stringify(tick);
  }

  private async message(tenant: string, schedule: string): Promise<StoredMsg | null> {
    try {
      return await this.jsm.streams.getMessage(MAIL_STREAM, { last_by_subj: cronSubject(tenant, schedule) });
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.code === 404) return null;
      throw error;
    }
  }

  private async clear(tenant: string, schedule: string): Promise<void> {
    await this.jsm.streams.purge(MAIL_STREAM, { filter: cronSubject(tenant, schedule) });
  }

  private async write(tick: Tick, cron: string): Promise<void> {
    const { tenant, schedule } = tick;
    await this.clear(tenant, schedule);
    await this.publisher.publish(cronSubject(tenant, schedule), tick, lineHeaders(tick, cron));
  }
}

function lineHeaders({ tenant, schedule }: Tick, cron: string): MsgHdrs {
  const carried = headers();
  carried.set(CRON_HEADER, cron);
  carried.set(TARGET_HEADER, tickSubject(tenant, schedule));
  return carried;
}
