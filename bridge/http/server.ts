/**
 * The HTTP door: the app on a socket, with the limits that only a socket has.
 *
 * 1. It binds to loopback unless a token is set.
 * 2. No connection stays that says nothing, takes nothing, or does not heed its end; those beyond the limits get no more
 *    than their question after the health answered.
 * 3. `stop` takes no more connections, answers those that wait with what is known, and then closes what is left.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type ErrorCode, PlatformError } from '../../config/errors.ts';
import { refusalBody } from '../contract/refusals.ts';
import type { Door } from '../serve/up.ts';
import type { Platform } from '../platform/platform.ts';
import { countersOf } from '../serve/counters.ts';
import { warnSeldom } from '../platform/warn-seldom.ts';
import { httpApp } from './app.ts';
import { Connections } from './connections.ts';
import type { Vitals } from './context.ts';
import { checkBinding } from './guard.ts';

export interface HttpDoorOptions {
  /** Of the worker in this process, null when it has none. */
  vitals?: (() => Vitals) | null;
  heartbeatMs?: number;
  stallMs?: number;
  /** For a whole request to arrive. */
  requestTimeoutMs?: number;
}

const MAX_HEADER_BYTES = 16_384;
const CHECK_MS = 1_000;
const CLOSING_MS = 3_000;
/** How long a client may take to close a connection whose last answer has been sent. */
const LINGER_MS = 1_000;
/** How long a client may take nothing of an answer; waiting for a report counts, and events have a heartbeat. */
const STILL_MS = 60_000;

export function httpDoor(platform: Platform, options: HttpDoorOptions = {}): Door {
  const { httpHost, httpPort, httpToken, httpWaitMs, httpIdleMs } = platform.settings;
  const { httpConnections: most, httpConnectionsPerAddress: perAddress } = platform.settings;
  const { vitals = null, heartbeatMs = 15_000, stallMs = 60_000 } = options;
  const { requestTimeoutMs = 30_000 } = options;
  const stopping = new AbortController();
  const counters = countersOf(platform.runtime.journal);
  const { log } = platform.runtime;
  const connections = new Connections({ most, perAddress }, (address) => {
    const beyond = { address, most, per_address: perAddress };
    warnSeldom(log, beyond, 'too many HTTP connections: http_connections says how many');
  });
  let server: Server | null = null;

  return {
    name: 'http',
    async start() {
      checkBinding(httpHost, httpToken);
      const isSpare = (socket: Socket): boolean => connections.isSpare(socket);
      const app = httpApp({ platform, counters, vitals, stopping: stopping.signal, heartbeatMs, stallMs, isSpare });
      // The globals of this process belong to everyone in it.
      const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
      server = createServer(
        {
          headersTimeout: httpIdleMs,
          keepAliveTimeout: httpIdleMs,
          requestTimeout: Math.max(requestTimeoutMs, httpIdleMs),
          connectionsCheckingInterval: Math.min(CHECK_MS, httpIdleMs),
          maxHeaderSize: MAX_HEADER_BYTES,
        },
        (request, response) => {
          if (connections.heeds(request.socket, response)) void listener(request, response);
        },
      );
      server.timeout = httpWaitMs + STILL_MS;
      server.maxConnections = connections.ceiling;
      server.on('connection', (socket: Socket) => connections.take(socket));
      server.on('clientError', answerBroken);
      const { port } = await listen(server, httpHost, httpPort);
      return `http://${httpHost.includes(':') ? `[${httpHost}]` : httpHost}:${port}`;
    },
    async stop() {
      stopping.abort();
      const closing = server;
      server = null;
      if (!closing) return;
      const closed = new Promise<void>((resolve) => void closing.close(() => resolve()));
      closing.closeIdleConnections();
      const late = setTimeout(() => closing.closeAllConnections(), CLOSING_MS);
      await closed;
      clearTimeout(late);
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException): void =>
      reject(
        new PlatformError(
          'settings.invalid',
          `the HTTP door cannot listen on ${host} port ${port} (${cause.code ?? cause.message}); set http_host and http_port, or http_port 0 for any free one`,
          { cause },
        ),
      );
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
  return server.address() as AddressInfo;
}

/** What is no HTTP, or too slow or too long in coming, never reaches the app: it gets a coded answer all the same. */
function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const answers: Record<string, [string, ErrorCode, string]> = {
    ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'request.invalid', 'the request did not arrive in time'],
    HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'request.too_large', 'the headers are too long'],
  };
  const broken: [string, ErrorCode, string] = ['400 Bad Request', 'request.invalid', 'this is no HTTP request'];
  const [status, code, message] = answers[error.code ?? ''] ?? broken;
  const body = JSON.stringify(refusalBody({ code, message }));
  // A client that keeps its half open would keep the connection for ever. (2)
  const late = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(late));
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
