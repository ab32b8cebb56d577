import { get, type IncomingMessage } from 'node:http';

export interface ServerSentEvent {
  id: string;
  event: string;
  data: unknown;
}

/** A reader of server-sent events on a socket of its own, as an EventSource is. */
export interface EventReader {
  status: number;
  headers: IncomingMessage['headers'];
  /** The next event; null at the end of the stream. */
  next(): Promise<ServerSentEvent | null>;
  rest(): Promise<ServerSentEvent[]>;
  /** Comments read so far. */
  comments(): number;
  /** Takes nothing from the socket until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
  /** Resolves when the connection is gone, whoever closed it. */
  closed: Promise<void>;
}

export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject);
  });
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  response.on('error', () => {}); // Told by `closed`.
  response.setEncoding('utf8');
  const blocks = textBlocks(response);
  let comments = 0;
  const next = async (): Promise<ServerSentEvent | null> => {
    for (;;) {
      const { value, done } = await blocks.next();
      if (done) return null;
      const event = parsed(value);
      if (event) return event;
      comments += 1;
    }
  };
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    next,
    rest: async () => {
      const events: ServerSentEvent[] = [];
      for (let event = await next(); event; event = await next()) events.push(event);
      return events;
    },
    comments: () => comments,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void response.destroy(),
    closed,
  };
}

async function* textBlocks(response: AsyncIterable<string>): AsyncGenerator<string, void> {
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      yield text.slice(0, end);
      text = text.slice(end + 2);
    }
  }
}

function parsed(block: string): ServerSentEvent | null {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const data = fields.get('data');
  if (data === undefined) return null;
  return { id: fields.get('id') ?? '', event: fields.get('event') ?? '', data: JSON.parse(data) };
}
