/**
 * A local server that speaks the Messages API as far as the platform uses it: JSON and server-sent events, tool use,
 * reasoning, errors with their headers, and answers that break off or are none. Each request is answered by a script.
 */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiRequest } from '../../runtime/model/anthropic/request.ts';
import type { Suite } from './suite.ts';

export type SentBody = ApiRequest & { stream?: boolean };

interface Block {
  type: string;
  [field: string]: unknown;
}

export type Answer =
  | {
      content: Block[];
      stop_reason?: string;
      stop_details?: Record<string, unknown>;
      /** Null: none are told. */
      usage?: Record<string, number> | null;
      model?: string;
    }
  | { status: number; type: string; message?: string; headers?: Record<string, string> }
  /** `cut`: the connection ends in the middle; `page`: a body that is no message; `broken`: a stream that tells an error. */
  | 'cut'
  | 'page'
  | 'broken'
  | 'silence';

export interface Seen {
  headers: IncomingHttpHeaders;
  /** The caller's: one for each connection. */
  port: number | undefined;
  body: SentBody;
}

export interface MessagesApi {
  url: string;
  /** Every request, retries included. */
  seen: Seen[];
  /** What answers from now on: in turn, the last one again and again; or a function. */
  script(...answers: Answer[] | [(body: SentBody) => Answer]): void;
  stop(): Promise<void>;
}

export const KEY = 'sk-test-0123456789';
const USAGE = { input_tokens: 100, output_tokens: 20, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 };

export async function startMessagesApi(): Promise<MessagesApi> {
  const seen: Seen[] = [];
  let next: (body: SentBody) => Answer = () => ({ content: [{ type: 'text', text: 'Done.' }] });
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
    request.on('end', () => {
      const body = JSON.parse(text) as SentBody;
      seen.push({ headers: request.headers, port: request.socket.remotePort, body });
      response.setHeader('request-id', `req_${seen.length}`);
      if (request.url !== '/v1/messages') return refuse(response, { status: 404, type: 'not_found_error' });
      if (request.headers.authorization !== `Bearer ${KEY}` && request.headers['x-api-key'] !== KEY) {
        return refuse(response, { status: 401, type: 'authentication_error', message: 'invalid api key' });
      }
      give(response, body, next(body), seen.length);
    });
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    script: (...answers) => {
      const [first] = answers;
      if (typeof first === 'function') next = first;
      else {
        const left = [...answers] as Answer[];
        next = () => (left.length > 1 ? left.shift() : left[0]) as Answer;
      }
    },
    stop: () =>
      new Promise((stopped) => {
        server.close(() => stopped());
        server.closeAllConnections();
      }),
  };
}

/** A server for a suite; what it has seen is forgotten before each test. */
export function withMessagesApi(test: Suite): () => MessagesApi {
  let api: MessagesApi | undefined;
  test.before(async () => {
    api = await startMessagesApi();
  });
  test.before.each(() => void api?.seen.splice(0));
  test.after(async () => api?.stop());
  return () => {
    assert.ok(api, 'the server is up only while a test runs');
    return api;
  };
}

function give(response: ServerResponse, body: SentBody, answer: Answer, n: number): void {
  if (answer === 'silence') return;
  if (answer === 'page') {
    response.writeHead(200, { 'content-type': body.stream ? 'text/event-stream' : 'application/json' });
    response.end('<html>a gateway’s page</html>');
    return;
  }
  if (answer === 'cut' || answer === 'broken') return breakOff(response, body, answer, n);
  if ('status' in answer) return refuse(response, answer);
  const { content, usage = {}, model = body.model } = answer;
  const called = content.some(({ type }) => type === 'tool_use');
  const message = {
    id: `msg_${n}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: answer.stop_reason ?? (called ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    ...(answer.stop_details && { stop_details: answer.stop_details }),
    usage: usage === null ? {} : { ...USAGE, ...usage },
  };
  if (body.stream) return stream(response, message);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(message));
}

function refuse(
  response: ServerResponse,
  { status, type, message = type, headers = {} }: Extract<Answer, { status: number }>,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
}

function breakOff(response: ServerResponse, body: SentBody, how: 'cut' | 'broken', n: number): void {
  response.writeHead(200, { 'content-type': body.stream ? 'text/event-stream' : 'application/json' });
  if (!body.stream) {
    response.write('{"id": "msg_');
  } else {
    const message = {
      id: `msg_${n}`,
      type: 'message',
      role: 'assistant',
      model: body.model,
      content: [],
      usage: USAGE,
    };
    send(response, 'message_start', { message: { ...message, stop_reason: null, stop_sequence: null } });
    send(response, 'content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
    send(response, 'content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'I was' } });
  }
  if (how === 'broken') {
    send(response, 'error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
    response.end();
  } else setImmediate(() => response.destroy());
}

interface Streamed {
  content: Block[];
  stop_reason: string;
  stop_details?: Record<string, unknown>;
  usage: Partial<typeof USAGE>;
}

function stream(response: ServerResponse, { content, stop_reason, stop_details, usage, ...message }: Streamed): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const begun = {
    ...message,
    content: [],
    stop_reason: null,
    usage: 'output_tokens' in usage ? { ...usage, output_tokens: 1 } : {},
  };
  send(response, 'message_start', { message: begun });
  send(response, 'ping', {});
  for (const [index, block] of content.entries()) {
    send(response, 'content_block_start', { index, content_block: emptied(block) });
    for (const delta of deltas(block)) send(response, 'content_block_delta', { index, delta });
    send(response, 'content_block_stop', { index });
  }
  const delta = { stop_reason, stop_sequence: null, ...(stop_details && { stop_details }) };
  send(response, 'message_delta', { delta, usage: { output_tokens: usage.output_tokens } });
  send(response, 'message_stop', {});
  // As the real one: the body ends a moment after the message.
  setTimeout(() => response.end(), 2);
}

function emptied(block: Block): Block {
  if (block.type === 'text') return { ...block, text: '' };
  if (block.type === 'tool_use') return { ...block, input: {} };
  return block.type === 'thinking' ? { ...block, thinking: '', signature: '' } : block;
}

function deltas(block: Block): Block[] {
  if (block.type === 'text') return halves(String(block['text'])).map((text) => ({ type: 'text_delta', text }));
  if (block.type === 'tool_use') {
    const json = typeof block['input'] === 'string' ? block['input'] : JSON.stringify(block['input']);
    return halves(json).map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  }
  if (block.type !== 'thinking') return [];
  const thinking = halves(String(block['thinking'])).map((part) => ({ type: 'thinking_delta', thinking: part }));
  return [...thinking, { type: 'signature_delta', signature: block['signature'] }];
}

function halves(text: string): string[] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '');
}

function send(response: ServerResponse, type: string, fields: Record<string, unknown>): void {
  response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`);
}
