/** Addresses of NATS and Redis as people write them, split into what clients take; and how to show them safely. */

/** `url` is `nats://host:port` (several are joined by commas) without credentials. */
export interface NatsAddress {
  readonly url: string;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

export interface RedisServer {
  readonly host: string;
  readonly port: number;
}

/**
 * `url` is without credentials. With `path`, a Unix socket is used instead of host and port: it is several times faster. With
 * `others`, whichever server is the primary is used; with `sentinel`, all of them are sentinels that know it by that name.
 */
export interface RedisAddress extends RedisServer {
  readonly url: string;
  readonly others?: readonly RedisServer[];
  readonly sentinel?: { readonly name: string; readonly password?: string };
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

const SENTINEL = 'redis+sentinel:';

/**
 * `redis://[[user]:password@]host[:6379][,host[:6379]…][/db]`, also `rediss://`, or
 * `redis+sentinel://[[user]:password@]host[:26379][,host…]/name[/db][?sentinel_password=…]`; null when it is none of these.
 */
export function parseRedisUrl(text: string): RedisAddress | null {
  const [, login = '', hosts = '', rest = ''] = /^((?:.*:\/\/)?(?:[^@]*@)?)([^/?#]*)(.*)$/s.exec(text.trim()) ?? [];
  const [first = '', ...more] = hosts.split(',');
  // Each as an address of its own, so that all are held to the same rules.
  const url = parsed(`${login}${first}${rest}`, 'redis', ['redis:', 'rediss:', SENTINEL]);
  const others = more.map((host) => parsed(`redis://${host}`, 'redis', ['redis:']));
  if (url === null || others.some((other) => other === null || other.href !== `redis://${other.host}`)) return null;
  const behind = url.protocol === SENTINEL;
  const path = (behind ? /^\/([^/]+)(?:\/(\d*))?$/ : /^()(?:\/(\d*))?$/).exec(url.pathname);
  if (path === null || url.hash !== '') return null;
  const [, name = '', number = ''] = path;
  const db = Number(number);
  const servers = [url, ...(others as URL[])].map((server) => serverOf(server, behind ? 26379 : 6379));
  const [{ host, port }, ...rests] = servers as [RedisServer, ...RedisServer[]];
  const shown = servers.map(
    (server) => `${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`,
  );
  const sentinelPassword = url.searchParams.get('sentinel_password');
  return {
    url: `${url.protocol}//${shown.join(',')}${behind ? `/${name}` : ''}${db === 0 ? '' : `/${db}`}`,
    host,
    port,
    ...(rests.length === 0 ? {} : { others: rests }),
    ...(behind
      ? { sentinel: { name: decodeURIComponent(name), ...(sentinelPassword ? { password: sentinelPassword } : {}) } }
      : {}),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(db === 0 ? {} : { db }),
    ...(url.protocol === 'rediss:' ? { tls: true } : {}),
  };
}

function serverOf(url: URL, port: number): RedisServer {
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || port) };
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
    decodeURIComponent(url.username + url.password + url.pathname);
    return protocols.includes(url.protocol) && url.hostname !== '' ? url : null;
  } catch {
    return null;
  }
}
