/**
 * Where the login of an embedded NATS server is written for clients of other programs. Whoever opens a door writes it;
 * it is true as long as the servers run, so their keeper removes it.
 */
import { dirname, join } from 'node:path';

/** @param services the folder of the embedded services, `<state folder>/services` */
export function loginPath(services: string): string {
  return join(dirname(services), 'nats.json');
}
