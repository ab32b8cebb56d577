import type { AccountLifecycle } from '../facts.ts';
import type { Playbook } from '../playbook.ts';
import type { Database } from './database.ts';
import { daysBetween } from './days.ts';

/** One row of the table `accounts`. Dates are ISO, money is US dollars a month. */
export interface Account {
  account_id: string;
  name: string;
  status: 'active' | 'churned';
  plan_tier: string;
  mrr_usd: number;
  created_date: string;
  renewal_date: string | null;
  owner: string;
  owner_channel: string;
}

export interface Contact {
  name: string;
  role: string;
}

/** All accounts in the file's order. */
export async function readAccounts(database: Database): Promise<Account[]> {
  return (await database.rows('SELECT * FROM accounts')) as unknown as Account[];
}

/** Account id → its contacts, in the file's order. */
export async function readContacts(database: Database): Promise<ReadonlyMap<string, Contact[]>> {
  const contacts = new Map<string, Contact[]>();
  for (const { account_id, name, role } of await database.rows('SELECT * FROM contacts')) {
    const known = contacts.get(String(account_id));
    const contact = { name: String(name), role: String(role) };
    if (known) known.push(contact);
    else contacts.set(String(account_id), [contact]);
  }
  return contacts;
}

export function lifecycleOf(account: Account, contacts: Contact[], playbook: Playbook, asOf: string): AccountLifecycle {
  const age = daysBetween(account.created_date, asOf);
  const settled = age <= playbook.onboarding.days ? 'onboarding' : 'active';
  return {
    account_id: account.account_id,
    account_name: account.name,
    as_of: asOf,
    stage: account.status === 'churned' ? 'churned' : settled,
    plan_tier: account.plan_tier,
    mrr_usd: account.mrr_usd,
    renewal_date: account.renewal_date,
    renewal_days: account.renewal_date === null ? null : daysBetween(asOf, account.renewal_date),
    account_age_days: age,
    owner: account.owner,
    owner_channel: account.owner_channel,
    contacts,
  };
}
