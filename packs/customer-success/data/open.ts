import { type DataCount, PlatformError, type Source } from 'agent-platform/sdk';
import type { AccountLifecycle, AccountMetrics } from '../facts.ts';
import type { Playbook } from '../playbook.ts';
import { type Account, lifecycleOf, readAccounts, readContacts } from './accounts.ts';
import { type Database, openDatabase } from './database.ts';
import { type Figures, noFigures, readFigures } from './figures.ts';
import { loadFolder } from './load.ts';
import { type Coverage, measureAccount, type Span } from './measures.ts';
import { readMemories } from './memories.ts';
import { TABLES } from './tables.ts';

/** The target list of a weekly check: `{account_id}` of every active account. */
const ACTIVE_ACCOUNTS = 'active_accounts';
/** Figures are kept for the days that were asked about last. */
const KEPT_DAYS = 8;

/** A folder of CSV or Parquet files, loaded into memory when it was opened. Later changes of the files are not seen. */
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
    await database.close();
    throw error;
  }
}

async function sourceOf(database: Database, folder: string, playbook: Playbook): Promise<CustomerData> {
  const accounts = await readAccounts(database);
  const contacts = await readContacts(database);
  const byId = new Map(accounts.map((account) => [account.account_id, account]));
  const coverage = await readCoverage(database);
  const figures = new Map<string, Promise<ReadonlyMap<string, Figures>>>();
  const figuresAsOf = (asOf: string): Promise<ReadonlyMap<string, Figures>> => {
    const known = figures.get(asOf) ?? readFigures(database, playbook, asOf);
    figures.delete(asOf);
    figures.set(asOf, known);
    const [oldest] = figures.keys();
    if (figures.size > KEPT_DAYS && oldest !== undefined) figures.delete(oldest);
    return known;
  };
  const accountOf = (accountId: string): Account => {
    const account = byId.get(accountId);
    if (account) return account;
    throw new PlatformError('target.unknown', `the data folder ${folder} has no account ${JSON.stringify(accountId)}`);
  };
  return {
    accounts,
    asOf: coverage.any.last,
    async metrics(accountId, asOf) {
      const account = accountOf(accountId);
      const known = (await figuresAsOf(asOf)).get(accountId) ?? noFigures();
      return measureAccount({ figures: known, playbook, account, asOf, coverage });
    },
    async lifecycle(accountId, asOf) {
      return lifecycleOf(accountOf(accountId), contacts.get(accountId) ?? [], playbook, asOf);
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
    knows: async (accountId) => byId.has(accountId),
    memories: () => readMemories(database),
    counts: () => countRows(database, coverage),
    async close() {
      await database.close();
    },
  };
}

/** Rows of each table, and the days that the data covers. */
async function countRows(database: Database, { usage, any }: Coverage): Promise<DataCount[]> {
  const counts: DataCount[] = [];
  for (const { name } of TABLES) {
    const table = name === 'memories' ? 'raw_memories' : name;
    const [row] = await database.rows(`SELECT count(*)::DOUBLE AS rows FROM ${table}`);
    counts.push({ label: name === 'accounts' ? name : `${name} rows`, value: Number(row?.rows) });
  }
  if (usage) counts.push({ label: 'usage dates', value: `${usage.first} to ${usage.last}` });
  return [...counts, { label: 'all dates', value: `${any.first} to ${any.last}` }];
}

async function readCoverage(database: Database): Promise<Coverage> {
  const [row] = await database.rows(
    `WITH days AS (
       SELECT 'usage' AS file, date FROM usage UNION ALL SELECT 'tickets', opened FROM tickets
       UNION ALL SELECT 'tickets', escalated FROM tickets UNION ALL SELECT 'nps', date FROM nps)
     SELECT min(date)::VARCHAR AS first, max(date)::VARCHAR AS last,
       (min(date) FILTER (WHERE file = 'usage'))::VARCHAR AS usage_first,
       (max(date) FILTER (WHERE file = 'usage'))::VARCHAR AS usage_last
     FROM days`,
  );
  const any = spanOf(row?.first, row?.last);
  if (any === null) throw new Error('a folder without a dated row was loaded');
  return { usage: spanOf(row?.usage_first, row?.usage_last), any };
}

function spanOf(first: unknown, last: unknown): Span | null {
  return typeof first === 'string' && typeof last === 'string' ? { first, last } : null;
}
