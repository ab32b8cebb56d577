/**
 * What workers say to each other on `worker.<id>`: mail for an invocation that computes elsewhere is forwarded to its
 * owner, instead of starting it a second time here.
 */
import { type NatsConnection, NatsError } from 'nats';
import { z } from 'zod';
import { workerSubject } from '../runtime/subjects.ts';

/**
 * `journaled`: the owner has appended its event; `not mine`: it owns it no more. `mine`: the owner holds this very mail, or has
 * appended its event and needs it to come again, since it alone would bring the invocation back. Only `journaled` mail is acked.
 */
export type Forwarded = 'journaled' | 'mine' | 'not mine';

export const WorkerRequest = z.discriminatedUnion('type', [
  /** A mail: the subject it came on, its sequence in the stream, its body. */
  z.object({ type: z.literal('forward'), subject: z.string(), seq: z.int(), body: z.string() }),
  /** Chaos: stops one activation as a crash would. The answer is `stopped`, or `not mine` where there is none. */
  z.object({ type: z.literal('kill'), key: z.string() }),
]);
export type WorkerRequest = z.infer<typeof WorkerRequest>;

/** How long an owner may take; a paused or overloaded one is taken over, and fenced out at its next append. */
const ANSWER_MS = 250;

/** Nobody there is known at once; a paused process is known by its silence. */
export async function forward(
  nc: NatsConnection,
  owner: string,
  request: WorkerRequest,
): Promise<Forwarded | 'silent'> {
  try {
    const reply = await nc.request(workerSubject(owner), JSON.stringify(request), { timeout: ANSWER_MS });
    return reply.json<Forwarded>();
  } catch (error) {
    if (error instanceof NatsError) return 'silent';
    throw error;
  }
}
