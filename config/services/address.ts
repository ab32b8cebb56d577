/** Addresses of NATS and Redis as people write them, split into what clients take; and how to show them safely. */

/** `url` is `nats://host:port` (several are joined by commas) without credentials. */
export interface NatsAddress {
  readonly url: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** `url` is without credentials. With `path`, a Unix socket is used instead of host and port: it is several times faster. */
export interface RedisAddress {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: boolean;
}

/** `nats://[user:pass@|token@]host[:4222]`, also `tls://` and `host:port`; null when it is none of these. */
export function parseNatsUrl(text: string): NatsAddress | null {
  const urls = text.split(',').map((part) => parsed(part, 'nats', ['nats:', 'tls:']));
  if (urls.some((url) => url === null)) return null;
  const servers = urls as URL[];
  const login = servers.find((url) => url.username !== '');
  const url = servers.map((server) => `${server.protocol}//${server.hostname}:${server.port || '4222'}`).join(',');
  if (login === undefined) return { url };
  if (login.password === '') return { url, token: decodeURIComponent(login.username) };
  return { url, user: decodeURIComponent(login.username), pass: decodeURIComponent(login.password) };
}

/** `redis://[[user]:password@]host[:6379][/db]`, also `rediss://`; null when it is none of these. */
export function parseRedisUrl(text: string): RedisAddress | null {
  const url = parsed(text, 'redis', ['redis:', 'rediss:']);
  if (url === null || !/^(\/\d*)?$/.test(url.pathname)) return null;
  const port = Number(url.port || 6379);
  const db = Number(url.pathname.slice(1));
  return {
    url: `${url.protocol}//${url.hostname}:${port}${db === 0 ? '' : `/${db}`}`,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(db === 0 ? {} : { db }),
    ...(url.protocol === 'rediss:' ? { tls: true } : {}),
  };
}

/**
 * An address for messages and logs, also when it is malformed: all before the last @, the query and the fragment are left out.
 * Greedy on purpose: of a list with several logins only the last host is left, but never a piece of a password.
 */
export function withoutCredentials(text: string): string {
  return text
    .trim()
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1')
    .replace(/[?#].*$/s, '');
}

function parsed(text: string, scheme: string, protocols: readonly string[]): URL | null {
  const trimmed = text.trim();
  try {
    const url = new URL(trimmed.includes('://') ? trimmed : `${scheme}://${trimmed}`);
    decodeURIComponent(url.username + url.password);
    return protocols.includes(url.protocol) && url.hostname !== '' ? url : null;
  } catch {
    return null;
  }
}
