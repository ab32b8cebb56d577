/**
 * Where an invocation lives: `tenant / run / path`. The path is its lineage: the root is `0`, its second delegation
 * `0-2`, that one's first `0-2-1`.
 */
export interface Address {
  readonly tenant: string;
  readonly run: string;
  readonly path: string;
}

/** An address together with the agent that serves it: what mail needs to reach a mailbox. */
export interface Mailbox extends Address {
  readonly agent: string;
}

export const ROOT_PATH = '0';

/** The address of the whole: of a run its first invocation, of a batch the batch itself. */
export function rootOf({ tenant, run }: Pick<Address, 'tenant' | 'run'>): Address {
  return { tenant, run, path: ROOT_PATH };
}

/** The path of the `nth` delegation (counted from 1) of the invocation at `path`. */
export function childPath(path: string, nth: number): string {
  return `${path}-${nth}`;
}

/** The identity of an address as one string, for maps and logs. */
export function addressKey({ tenant, run, path }: Address): string {
  return `${tenant}/${run}/${path}`;
}
