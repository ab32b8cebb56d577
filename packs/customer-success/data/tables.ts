import { column, dayCount, defineTables } from 'agent-platform/tables';
import { ASSESSMENTS } from '../facts.ts';
import type { Playbook } from '../playbook.ts';

const { id, text, date, amount, whole, oneOf } = column;
const account_id = text({ of: 'accounts' });

/** The tables of a data folder. */
export const customerTables = defineTables({
  tables: {
    accounts: {
      key: 'account_id',
      columns: {
        account_id: id(),
        name: text(),
        status: oneOf(['active', 'churned']),
        plan_tier: text(),
        /** US dollars a month. */
        mrr_usd: amount(),
        created_date: date(),
        renewal_date: date({ empty: true }),
        owner: text(),
        owner_channel: text(),
      },
    },
    usage: {
      large: true,
      continuous: 'date',
      columns: { account_id, user_id: text(), date: date({ observed: true }), feature: text() },
    },
    tickets: {
      large: true,
      key: 'ticket_id',
      columns: {
        ticket_id: text(),
        account_id,
        opened_date: date({ observed: true }),
        escalated_date: date({ empty: true, observed: true }),
      },
    },
    nps: { large: true, columns: { account_id, date: date({ observed: true }), score: whole(0, 10) } },
    contacts: { optional: true, columns: { account_id, name: text(), role: text() } },
  },
  subjects: { table: 'accounts', called: 'account', since: 'created_date' },
  targets: {
    active_accounts: (account, asOf) => account.status === 'active' && account.created_date <= asOf,
  },
  // The agents of this pack that have a long-term memory.
  memories: { scopes: ['risk_analysis'], assessments: ASSESSMENTS },
});

/** The figures of `get_account_metrics`, with the playbook's windows. */
export function accountMeasures({ usage, adoption, tickets, nps }: Playbook) {
  const inTickets = { table: 'tickets', figure: 'count(*)', days: tickets.window_days, value: 'now' } as const;
  return customerTables.measures({
    weekly_active_users: {
      table: 'usage',
      on: 'date',
      figure: 'count(DISTINCT user_id)',
      days: usage.active_days,
      apart: usage.window_days,
      lag: usage.lag_days,
      value: 'change',
      nothing: ({ to }) => `no user was active in the ${dayCount(usage.active_days)} ending ${to}`,
    },
    feature_adoption: {
      table: 'usage',
      on: 'date',
      figure: 'count(DISTINCT feature)',
      days: adoption.window_days,
      lag: usage.lag_days,
      value: 'change',
      nothing: () => `no feature was used in the ${dayCount(adoption.window_days)} before`,
    },
    escalated_tickets: { ...inTickets, on: 'escalated_date' },
    tickets: { ...inTickets, on: 'opened_date' },
    nps: {
      table: 'nps',
      on: 'date',
      // In points: the share of promoters minus the share of detractors.
      figure: 'avg(CASE WHEN score >= 9 THEN 100 WHEN score <= 6 THEN -100 ELSE 0 END)',
      days: nps.window_days,
      value: 'difference',
      least: { rows: nps.min_responses, called: 'NPS responses' },
    },
  });
}
