import * as kit from 'agent-platform/text';
import type { Known } from '../known.ts';

/** What people outside the system must not read: the account's id and the channel of its owner. */
export interface Internals {
  account_id: string;
  /** Null when no tool has told it. */
  account_name: string | null;
  /** Empty when no tool has told it. */
  owner_channel: string;
  owner: string;
}

export function internalsOf({ metrics, lifecycle }: Known, subject: string | null): Internals {
  return {
    account_id: subject ?? lifecycle?.account_id ?? metrics?.account_id ?? '',
    account_name: lifecycle?.account_name ?? metrics?.account_name ?? null,
    owner_channel: lifecycle?.owner_channel ?? '',
    owner: lifecycle?.owner ?? '',
  };
}

const CALLED = 'accounts?|acct|customers?|account_id';

/** What a text gives away, in words; null when nothing. */
export function givenAway(text: string, { account_id, account_name, owner_channel, owner }: Internals): string | null {
  const found = kit.givenAway(text, {
    ids: [{ id: account_id, name: account_name, called: CALLED }],
    channels: [{ channel: owner_channel, owner, names: [account_name ?? ''] }],
  });
  if (found === null) return null;
  return found === 'id' ? 'the internal id of the account' : 'the internal channel of its owner';
}
