import { connect, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import { NatsDoor } from '../../bridge/nats/door.ts';
import { type PlatformOptions, type TestPlatform, withPlatforms } from './platform.ts';
import type { Suite } from './suite.ts';

/** A platform with its NATS door open, and a client of the plain `nats` package. */
export interface OpenDoor extends TestPlatform {
  door: NatsDoor;
  client: NatsConnection;
  /** Sends text as it is, anything else as JSON. */
  ask(subject: string, request: unknown, headers?: MsgHdrs): Promise<Answer>;
}

export interface Answer {
  /** `Nats-Service-Error-Code`, empty when the request was granted. */
  code: string;
  error: string;
  body: Record<string, unknown>;
  message: Msg;
}

const ANSWER_MS = 20_000;

export function withDoors(test: Suite): (options?: PlatformOptions) => Promise<OpenDoor> {
  const platforms = withPlatforms(test);
  const open: OpenDoor[] = [];
  // Hooks run in the order they are given: doors close before their platforms would, so this one goes by itself.
  const close = async (): Promise<void> => {
    for (const { client } of open.splice(0)) await client.close();
  };
  test.after.each(close);
  return async (options = {}) => {
    const opened = await platforms(options);
    const door = new NatsDoor(opened.platform);
    await door.start();
    const client = await connectClient(opened.platform.settings.natsUrl ?? '');
    const ask: OpenDoor['ask'] = async (subject, request, headers) => {
      const body = request instanceof Uint8Array || typeof request === 'string' ? request : JSON.stringify(request);
      const message = await client.request(subject, body, { timeout: ANSWER_MS, ...(headers && { headers }) });
      return {
        code: message.headers?.get('Nats-Service-Error-Code') ?? '',
        error: message.headers?.get('Nats-Service-Error') ?? '',
        body: message.json(),
        message,
      };
    };
    const one = { ...opened, door, client, ask };
    open.push(one);
    return one;
  };
}

/** A client of `nats://user:password@host:port`. */
export async function connectClient(address: string): Promise<NatsConnection> {
  const { host, username, password } = new URL(address);
  return connect({ servers: host, user: decodeURIComponent(username), pass: decodeURIComponent(password) });
}

/** Messages in each stream. */
export async function streamCounts({ platform }: TestPlatform): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const { config, state } of platform.jsm.streams.list()) counts[config.name] = state.last_seq;
  return counts;
}
