/** The messages of schedules on the server, one each, from which it publishes the ticks. */
import { headers, type JetStreamManager, type MsgHdrs, NatsError, type StoredMsg } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { isAnswered } from '../bus/patience.ts';
import type { Publisher } from '../bus/publish.ts';
import type { Tick } from '../mail/mail.ts';
import { cronSubject, MAIL_STREAM, tickSubject } from '../subjects.ts';

const CRON_HEADER = 'Nats-Schedule';
const TARGET_HEADER = 'Nats-Schedule-Target';
/** On a tick: when the next one is due. */
export const NEXT_HEADER = 'Nats-Schedule-Next';

export class CronMessages {
  private readonly jsm: JetStreamManager;
  private readonly publisher: Publisher;

  constructor(jsm: JetStreamManager, publisher: Publisher) {
    this.jsm = jsm;
    this.publisher = publisher;
  }

  /** Whether there is one that says just that. */
  async holds(tick: Tick, cron: string): Promise<boolean> {
    const message = await this.message(tick.tenant, tick.schedule);
    return message?.header.get(CRON_HEADER) === cron && message.string() === JSON.stringify(bodyOf(tick, cron));
  }

  async isSet(tenant: string, schedule: string): Promise<boolean> {
    return (await this.message(tenant, schedule)) !== null;
  }

  private async message(tenant: string, schedule: string): Promise<StoredMsg | null> {
    try {
      return await this.jsm.streams.getMessage(MAIL_STREAM, { last_by_subj: cronSubject(tenant, schedule) });
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.code === 404) return null;
      throw error;
    }
  }

  /** No more ticks. */
  async clear(tenant: string, schedule: string): Promise<void> {
    await this.jsm.streams.purge(MAIL_STREAM, { filter: cronSubject(tenant, schedule) });
  }

  /** Unless there is one; true when this call made it. @throws PlatformError `schedule.refused` */
  async create(tick: Tick, cron: string): Promise<boolean> {
    const place = { subject: cronSubject(tick.tenant, tick.schedule), stream: MAIL_STREAM };
    return told(tick, cron, () => this.publisher.once(place, bodyOf(tick, cron), lineHeaders(tick, cron)));
  }

  /** In place of the one before, in one step. @throws PlatformError `schedule.refused`: the one before goes on */
  async write(tick: Tick, cron: string): Promise<void> {
    const subject = cronSubject(tick.tenant, tick.schedule);
    await told(tick, cron, () => this.publisher.publish(subject, bodyOf(tick, cron), lineHeaders(tick, cron)));
  }
}

/** Runs a publish of a schedule's message; a refusal says which schedule and line it was. */
async function told<T>({ tenant, schedule }: Tick, cron: string, publish: () => Promise<T>): Promise<T> {
  try {
    return await publish();
  } catch (cause) {
    if (!(cause instanceof NatsError) || !isAnswered(cause)) throw cause;
    const why = cause.api_error?.description ?? cause.message;
    throw new PlatformError(
      'schedule.refused',
      `the NATS server does not take the schedule ${schedule} (tenant ${tenant}) with the cron line ` +
        `${JSON.stringify(cron)}: ${why}; correct the line in its pack.yaml and run \`agent-platform up\`, or end the ` +
        `schedule with \`agent-platform schedules pause ${schedule}\``,
      { cause, details: { tenant, schedule, cron } },
    );
  }
}

function bodyOf(tick: Tick, cron: string): Tick {
  return { ...tick, cron };
}

function lineHeaders({ tenant, schedule }: Tick, cron: string): MsgHdrs {
  const carried = headers();
  carried.set(CRON_HEADER, cron);
  carried.set(TARGET_HEADER, tickSubject(tenant, schedule));
  return carried;
}
