/** Who may ask: whoever has the token; without one, whoever asks this machine by its own name. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { PlatformError } from '../../config/errors.ts';
import type { Env } from './context.ts';

/** Answers to anyone who reaches the port: whether the process is up says nothing else. */
const OPEN = '/healthz';

export function guard(token: string | undefined): MiddlewareHandler<Env> {
  const wanted = token === undefined ? null : digest(token);
  return async (c, next) => {
    if (c.req.path === OPEN) return next();
    if (wanted) {
      const [, sent] = /^Bearer +(\S.*)$/i.exec(c.req.header('authorization') ?? '') ?? [];
      // Digests are of one length, so that the comparison takes the same time whatever was sent.
      if (sent === undefined || !timingSafeEqual(digest(sent), wanted)) {
        throw new PlatformError('request.unauthorized', 'this door needs the header `Authorization: Bearer <token>`');
      }
    } else if (!isLoopbackHost(c.req.header('host') ?? new URL(c.req.url).host)) {
      // A page of another origin can make a browser ask a loopback address by the page's own name.
      throw new PlatformError(
        'request.host_refused',
        'without a token this door answers only requests to a loopback address, such as http://127.0.0.1',
      );
    }
    return next();
  };
}

export const securityHeaders: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  c.res.headers.set('x-content-type-options', 'nosniff');
  c.res.headers.set('cache-control', 'no-store');
};

/** Without a token, the door binds to loopback only. Throws `settings.invalid`. */
export function checkBinding(host: string, token: string | undefined): void {
  if (token !== undefined || isLoopback(host)) return;
  throw new PlatformError(
    'settings.invalid',
    `http_host ${JSON.stringify(host)} is not a loopback address, and http_token is not set: anyone who reaches the port could start runs; set http_token, or bind to 127.0.0.1`,
  );
}

function isLoopbackHost(header: string): boolean {
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header) ?? [];
  return isLoopback(six ?? name ?? '');
}

function isLoopback(host: string): boolean {
  return /^(localhost|::1|127\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i.test(host);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
