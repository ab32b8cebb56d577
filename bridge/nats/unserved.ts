/**
 * Requests that nobody serves get a coded answer instead of silence. For every kind of endpoint one process listens on
 * it for any tenant and, under `run`, for any agent; it sees all requests, so it must know which others answer.
 *
 * Invariants:
 * 1. Who serves an endpoint also listens on its served subject, for as long; asking there is answered «no responders»
 *    at once when nobody does, also across tenants and processes that share a NATS server.
 * 2. A request that somebody serves is never answered here.
 */
import type { NatsConnection, Subscription } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { parseApiSubject, servedSubject } from '../../runtime/subjects.ts';
import type { ApiEndpoint } from '../contract/endpoints.ts';
import { isListened, listen } from '../../runtime/bus/presence.ts';

/** Its own queue group: a message goes to one member of each. */
export const UNSERVED_QUEUE = 'unserved';

export interface Pattern {
  group: string;
  /** `*` for any. */
  name: string;
}

/** What is listened on besides the endpoints themselves. */
export function patternsOf(endpoints: readonly ApiEndpoint[]): Pattern[] {
  const others = endpoints.filter(({ group }) => group !== 'run');
  return [{ group: 'run', name: '*' }, ...others.map(({ group, name }) => ({ group, name }))];
}

/** Says that this process serves an endpoint. (1) */
export function announce(nc: NatsConnection, tenant: string, { group, name }: ApiEndpoint): Subscription {
  return listen(nc, servedSubject(tenant, group, name), UNSERVED_QUEUE);
}

/** Why nobody serves the subject; null when somebody does. (2) `tenants` are those of this process. */
export async function whyUnserved(
  nc: NatsConnection,
  subject: string,
  tenants: ReadonlySet<string>,
): Promise<PlatformError | null> {
  const { tenant, group, name } = parseApiSubject(subject);
  if (await isServed(nc, tenant, group, name)) return null;
  if (!tenants.has(tenant) && !(await isServed(nc, tenant, 'runs', 'get'))) {
    return new PlatformError('tenant.unknown', `no platform here serves the tenant ${JSON.stringify(tenant)}`);
  }
  if (group === 'run') {
    return new PlatformError('agent.unknown', `the tenant ${tenant} has no agent ${JSON.stringify(name)}`);
  }
  return new PlatformError('request.invalid', `the tenant ${tenant} has no endpoint ${group}.${name}`);
}

/** A server that is too slow to say so counts as one that serves: it will answer itself. */
function isServed(nc: NatsConnection, tenant: string, group: string, name: string): Promise<boolean> {
  return isListened(nc, servedSubject(tenant, group, name));
}
