import { PlatformError, type Source } from '../../../runtime/sdk.ts';
import type { AccountLifecycle, AccountMetrics } from '../facts.ts';
import type { Playbook } from '../playbook.ts';
import { type Account, lifecycleOf, readAccounts, readContacts } from './accounts.ts';
import { type Database, openDatabase } from './database.ts';
import { loadFolder } from './load.ts';
import { type Coverage, measureAccount, type Span } from './measures.ts';
import { readMemories } from './memories.ts';

/** The target list of a weekly check: `{account_id}` of every active account. */
const ACTIVE_ACCOUNTS = 'active_accounts';

/** A folder of CSV files, loaded into memory when it was opened. Later changes of the files are not seen. */
export interface CustomerData extends Source {
  readonly accounts: readonly Account[];
  /** Throws `target.unknown` for an account that the data does not have. */
  metrics(accountId: string, asOf: string): Promise<AccountMetrics>;
  /** Throws `target.unknown` for an account that the data does not have. */
  lifecycle(accountId: string, asOf: string): Promise<AccountLifecycle>;
}

/** Opens a data folder. Throws `data.missing` or `data.invalid` with everything that is wrong with it. */
export async function openData(folder: string, playbook: Playbook): Promise<CustomerData> {
  const database = await openDatabase();
  try {
    await loadFolder(database, folder);
    await database.seal();
    return await sourceOf(database, folder, playbook);
  } catch (error) {
    database.close();
    throw error;
  }
}

async function sourceOf(database: Database, folder: string, playbook: Playbook): Promise<CustomerData> {
  const accounts = await readAccounts(database);
  const byId = new Map(accounts.map((account) => [account.account_id, account]));
  const coverage = await readCoverage(database, folder);
  const accountOf = (accountId: string): Account => {
    const account = byId.get(accountId);
    if (account) return account;
    throw new PlatformError('target.unknown', `the data folder ${folder} has no account ${JSON.stringify(accountId)}`);
  };
  return {
    accounts,
    asOf: coverage.any.last,
    async metrics(accountId, asOf) {
      return measureAccount({ database, playbook, account: accountOf(accountId), asOf, coverage });
    },
    async lifecycle(accountId, asOf) {
      const account = accountOf(accountId);
      return lifecycleOf(account, await readContacts(database, accountId), playbook, asOf);
    },
    async targets(list, asOf) {
      if (list !== ACTIVE_ACCOUNTS) {
        throw new PlatformError(
          'target.unknown',
          `no target list ${JSON.stringify(list)}, expected ${ACTIVE_ACCOUNTS}`,
        );
      }
      return accounts
        .filter((account) => account.status === 'active' && account.created_date <= asOf)
        .map(({ account_id }) => ({ id: account_id, payload: { account_id } }));
    },
    memories: () => readMemories(database),
    async close() {
      database.close();
    },
  };
}

async function readCoverage(database: Database, folder: string): Promise<Coverage> {
  const [row] = await database.rows(
    `WITH days AS (
       SELECT 'usage' AS file, date FROM active_users UNION ALL SELECT 'tickets', opened FROM tickets
       UNION ALL SELECT 'tickets', escalated FROM tickets UNION ALL SELECT 'nps', date FROM nps)
     SELECT min(date)::VARCHAR AS first, max(date)::VARCHAR AS last,
       (min(date) FILTER (WHERE file = 'usage'))::VARCHAR AS usage_first,
       (max(date) FILTER (WHERE file = 'usage'))::VARCHAR AS usage_last
     FROM days`,
  );
  const any = spanOf(row?.first, row?.last);
  if (any === null) {
    throw new PlatformError(
      'data.missing',
      `the data folder ${folder} has no row in usage.csv, tickets.csv and nps.csv, expected at least one to date the data by`,
    );
  }
  return { usage: spanOf(row?.usage_first, row?.usage_last), any };
}

function spanOf(first: unknown, last: unknown): Span | null {
  return typeof first === 'string' && typeof last === 'string' ? { first, last } : null;
}
