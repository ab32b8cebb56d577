/** Reads a stream in order, through a consumer of its own that is gone with its reader. */
import { type ConsumerMessages, createInbox, type JsMsg, type NatsConnection, type OrderedConsumerOptions } from 'nats';

/** How long the server remembers a reader that vanished without a word. */
const FORGET_MS = 60_000;

export interface Reader {
  /** To be iterated once. */
  messages: AsyncIterable<JsMsg>;
  /** How many messages there were when it was opened. */
  pending: number;
  /** Ends the messages, and deletes the consumer. May be called again. */
  close(): void;
}

export async function openReader(
  nc: NatsConnection,
  stream: string,
  from: Partial<OrderedConsumerOptions>,
): Promise<Reader> {
  const consumer = await nc.jetstream().consumers.get(stream, { ...from, inactive_threshold: FORGET_MS });
  const { num_pending: pending } = await consumer.info(true);
  let open: ConsumerMessages | null = null;
  let closed = false;
  async function* read(): AsyncGenerator<JsMsg, void, undefined> {
    if (closed) return;
    open = await consumer.consume();
    if (closed) void open.close();
    yield* open;
  }
  // No answer is waited for: the reader is gone, and the connection may be closed next.
  const forget = async (): Promise<void> => {
    const { name } = await consumer.info(true);
    if (!nc.isClosed()) nc.publish(`$JS.API.CONSUMER.DELETE.${stream}.${name}`, '', { reply: createInbox() });
  };
  const close = (): void => {
    if (closed) return;
    closed = true;
    // Not awaited: the close of an iterator that was left early is never told.
    void open?.close();
    void forget();
  };
  return { messages: read(), pending, close };
}
