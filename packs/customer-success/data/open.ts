import { daysBetween } from 'agent-platform/tables';
import type { AccountLifecycle, AccountMetrics } from '../facts.ts';
import type { Playbook } from '../playbook.ts';
import { accountMeasures, customerTables } from './tables.ts';

/** A data folder, and what the tools ask of it. Both throw `target.unknown` for an account that the data does not have. */
export type CustomerData = Awaited<ReturnType<typeof openData>>;
export type Account = CustomerData['subjects'][number];

/** Opens a data folder. Throws `data.missing` or `data.invalid` with everything that is wrong with it. */
export async function openData(folder: string, playbook: Playbook) {
  const data = await customerTables.open(folder, accountMeasures(playbook));
  return {
    ...data,
    /** The figures of one account as of a day, as far as the data covers their windows. */
    async metrics(accountId: string, asOf: string): Promise<AccountMetrics> {
      const { name } = data.subject(accountId);
      const { rows, measures } = await data.measured(accountId, asOf);
      return { account_id: accountId, account_name: name, as_of: asOf, usage_rows: rows.usage ?? 0, ...measures };
    },
    async lifecycle(accountId: string, asOf: string): Promise<AccountLifecycle> {
      const { account_id, name, status, plan_tier, mrr_usd, created_date, renewal_date, owner, owner_channel } =
        data.subject(accountId);
      const contacts = await data.rowsAbout(accountId, 'contacts');
      const age = daysBetween(created_date, asOf);
      const settled = age <= playbook.onboarding.days ? 'onboarding' : 'active';
      return {
        account_id,
        account_name: name,
        as_of: asOf,
        stage: status === 'churned' ? 'churned' : settled,
        plan_tier,
        mrr_usd,
        renewal_date,
        renewal_days: renewal_date === null ? null : daysBetween(asOf, renewal_date),
        account_age_days: age,
        owner,
        owner_channel,
        contacts: contacts.map(({ name: called, role }) => ({ name: called, role })),
      };
    },
  };
}
