/** The settings of the HTTP door, but for its token. */
import { z } from 'zod';
import { integer } from './integer.ts';

export interface HttpSettings {
  readonly httpHost: string;
  /** 0 = any free port. */
  readonly httpPort: number;
  /** How long `POST /run` waits for the report before it answers 202. */
  readonly httpWaitMs: number;
  /** How long a connection may say nothing, before its first request and between two. */
  readonly httpIdleMs: number;
  /** Open connections; beyond them only questions after the health are answered. */
  readonly httpConnections: number;
  /** The same of one address: an IPv4 address, or the first 64 bits of an IPv6 one. */
  readonly httpConnectionsPerAddress: number;
}

const connections = { schema: integer(1, 100_000), expected: 'a whole number from 1 to 100000' };

export const HTTP_KEYS = {
  http_host: {
    schema: z.string().trim().min(1),
    expected: 'an address to bind, such as 127.0.0.1',
    default: '127.0.0.1',
  },
  http_port: { schema: integer(0, 65_535), expected: 'a port from 0 (any free one) to 65535', default: 8088 },
  http_wait_ms: { schema: integer(0, 600_000), expected: 'milliseconds from 0 to 600000', default: 30_000 },
  http_idle_ms: { schema: integer(100, 600_000), expected: 'milliseconds from 100 to 600000', default: 10_000 },
  http_connections: { ...connections, default: 2_048 },
  http_connections_per_address: { ...connections, default: 1_024 },
} as const;
