import { httpDoor } from './http/server.ts';
import { NatsDoor } from './nats/door.ts';
import type { MakeDoor } from './up.ts';

/** The doors that `up` opens, in this order. */
export const DOORS: readonly MakeDoor[] = [
  (platform) => new NatsDoor(platform),
  (platform, worker) => httpDoor(platform, { vitals: worker && (() => worker.vitals) }),
];
