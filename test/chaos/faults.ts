/** What is done to workers, servers, mail and runs while they are in flight. */
import type { Redis } from 'ioredis';
import type { NatsConnection } from 'nats';
import type { Mailbox } from '../../runtime/address.ts';
import type { Mailer } from '../../runtime/mail/mail.ts';
import { workerSubject } from '../../runtime/subjects.ts';
import type { InnerFault } from './chaos-worker.ts';
import type { Crew } from './crew.ts';
import type { MailTap } from './mail-tap.ts';
import type { Chance } from './random.ts';
import type { Restartable } from './servers.ts';

/** What strikes by the schedule of the seed. */
export type OuterFault =
  | 'kill worker'
  | 'drain worker'
  | 'pause worker'
  | 'kill actor'
  | 'restart nats'
  | 'freeze nats'
  | 'restart redis'
  | 'flush redis'
  | 'duplicate mail'
  | 'reorder reports'
  | 'cancel run'
  | 'cancel batch';

export type FaultName = OuterFault | InnerFault;

export const WEIGHTS: Record<OuterFault, number> = {
  'kill worker': 5,
  'drain worker': 2,
  'pause worker': 5,
  'kill actor': 5,
  'restart nats': 2,
  'freeze nats': 1,
  'restart redis': 1,
  'flush redis': 1,
  'duplicate mail': 5,
  'reorder reports': 4,
  'cancel run': 6,
  'cancel batch': 1,
};

export interface Stage {
  chance: Chance;
  crew: Crew;
  nats: Restartable;
  redis: Restartable;
  redisClient: Redis;
  nc: NatsConnection;
  mailer: Mailer;
  tap: MailTap;
  ackWaitMs: number;
  /** Roots whose cancel was posted. */
  cancelled: Mailbox[];
}

/** How long a worker may take to say whether it stopped an actor; a paused one never does. */
const ANSWER_MS = 300;

/** Returns how often it struck: 0 when there was nothing to strike. */
export async function inflict(stage: Stage, fault: OuterFault): Promise<number> {
  const { chance, crew, nats, redis, redisClient, tap, ackWaitMs } = stage;
  switch (fault) {
    case 'kill worker':
      return crew.kill();
    case 'drain worker':
      return crew.drain();
    case 'pause worker':
      await crew.pause(chance.between(1.2, 3) * ackWaitMs);
      return 1;
    case 'kill actor':
      return killActor(stage);
    case 'restart nats':
      await nats.restart(chance.happens(0.5) ? 'kill' : 'stop', chance.between(0, 2) * ackWaitMs);
      return 1;
    case 'freeze nats':
      await nats.freeze(chance.between(0.5, 6) * ackWaitMs);
      return 1;
    case 'restart redis':
      await redis.restart(chance.happens(0.5) ? 'kill' : 'stop', chance.between(0, 2) * ackWaitMs);
      return 1;
    case 'flush redis':
      await redisClient.flushall();
      return 1;
    case 'duplicate mail':
      return tap.again(chance);
    case 'reorder reports':
      return tap.reorder(chance);
    case 'cancel run':
      return cancel(stage, 'run');
    case 'cancel batch':
      return cancel(stage, 'batch');
  }
}

/** Asks all workers for the latest addresses, one after the other, until one of them had an actor to stop. */
async function killActor({ crew, nc, tap }: Stage): Promise<number> {
  const awake = new Set(crew.names);
  const ask = async (worker: string, key: string): Promise<boolean> => {
    const request = JSON.stringify({ type: 'kill', key });
    const answer = await nc.request(workerSubject(worker), request, { timeout: ANSWER_MS }).catch(() => null);
    if (answer === null) awake.delete(worker);
    return answer?.json() === 'stopped';
  };
  for (const key of tap.activeKeys()) {
    const stopped = await Promise.all([...awake].map((worker) => ask(worker, key)));
    const count = stopped.filter(Boolean).length;
    if (count > 0) return count;
  }
  return 0;
}

async function cancel({ chance, tap, mailer, cancelled }: Stage, what: 'run' | 'batch'): Promise<number> {
  const root = tap.root(chance, what);
  if (!root) return 0;
  cancelled.push(root);
  await mailer.post(root, { type: 'cancel', by: 'chaos', reason: 'somebody thought better of it' }, CANCEL_TRACE);
  return 1;
}

const CANCEL_TRACE = { correlation_id: 'chaos' };
