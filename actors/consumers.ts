import { AckPolicy, type Consumer, type ConsumerConfig, type NatsConnection, NatsError, nanos } from 'nats';
import type { Catalog } from '../runtime/definitions/catalog.ts';
import { batchAgent, MAIL_STREAM, mailFilter, startFilter } from '../runtime/subjects.ts';

/** Only a backstop: a mail that wakes nobody in so many deliveries is left in the stream, until `reconcile` removes it. */
const MAX_DELIVER = 100;
const MAX_ACK_PENDING = 20_000;
/** The consumer exists with other settings: those of this worker replace them. */
const EXISTS_OTHERWISE = 10148;

/** The agents whose mail a process with these packs takes, batches of schedules among them. */
export function hostedAgents(catalog: Catalog): string[] {
  const agents = catalog.agents().map(({ resolved }) => resolved.definition.metadata.name);
  const schedules = catalog.packs.flatMap(({ manifest }) => Object.keys(manifest.schedules));
  return [...agents, ...schedules.map(batchAgent)];
}

/** One durable consumer per agent for its mailboxes and one for roots to begin, made by whoever hosts the agent. */
export async function ensureConsumers(
  nc: NatsConnection,
  agents: string[],
  ackWaitMs: number,
): Promise<{ mail: Consumer[]; start: Consumer[] }> {
  const jsm = await nc.jetstreamManager();
  const js = nc.jetstream();
  const ensure = async (durable: string, filter: string): Promise<Consumer> => {
    const config: Partial<ConsumerConfig> = {
      durable_name: durable,
      filter_subject: filter,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ackWaitMs),
      max_deliver: MAX_DELIVER,
      max_ack_pending: MAX_ACK_PENDING,
    };
    try {
      await jsm.consumers.add(MAIL_STREAM, config);
    } catch (error) {
      if (!(error instanceof NatsError) || error.api_error?.err_code !== EXISTS_OTHERWISE) throw error;
      await jsm.consumers.update(MAIL_STREAM, durable, config);
    }
    return js.consumers.get(MAIL_STREAM, durable);
  };
  const [mail, start] = await Promise.all([
    Promise.all(agents.map((agent) => ensure(`mail-${agent}`, mailFilter(agent)))),
    Promise.all(agents.map((agent) => ensure(`start-${agent}`, startFilter(agent)))),
  ]);
  return { mail, start };
}
