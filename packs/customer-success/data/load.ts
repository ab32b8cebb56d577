import { checkTable } from './check.ts';
import type { Database } from './database.ts';
import { findTables } from './header.ts';
import { checkMemories } from './memories.ts';
import { Problems } from './problems.ts';
import { readRaw } from './raw.ts';
import { TABLES } from './tables.ts';

/**
 * Loads a folder in one go, or nothing: files and columns are checked first, then every file is read as text, then every
 * value is judged, and only when all are good are they converted. Throws `data.missing` or `data.invalid`.
 */
export async function loadFolder(database: Database, folder: string): Promise<void> {
  const found = await findTables(folder);
  const problems = new Problems();
  let accountsWhole = true;
  for (const file of found) {
    const { whole, unreadable, lineOf } = await readRaw(database, file, problems);
    if (file.table.name === 'accounts') accountsWhole = whole;
    if (unreadable) continue;
    await checkTable(database, file, lineOf, accountsWhole, problems);
    if (file.table.name === 'memories') await checkMemories(database, lineOf, problems);
  }
  problems.throwIfAny(folder);
  for (const { name } of TABLES) {
    if (!found.some(({ table }) => table.name === name)) await database.rows(EMPTY[name] ?? '');
  }
  for (const sql of CONVERSIONS) await database.rows(sql);
}

const EMPTY: Record<string, string> = {
  contacts: `CREATE TABLE raw_contacts (row BIGINT, account_id VARCHAR, name VARCHAR, role VARCHAR)`,
  memories: `CREATE TABLE raw_memories (row BIGINT, account_id VARCHAR, date VARCHAR, scope VARCHAR, kind VARCHAR,
    assessment VARCHAR, dip_percent VARCHAR, resolved_by VARCHAR, text VARCHAR)`,
};

/**
 * The tables that questions are asked of. Usage is a million rows: it is reduced to who and what was seen on a day, and
 * sorted by account, so that one account's rows lie together and the rest of a table is never scanned.
 */
const CONVERSIONS = [
  `CREATE TABLE accounts AS
    SELECT account_id, name, status, plan_tier, mrr_usd::DOUBLE AS mrr_usd, created_date, renewal_date, owner, owner_channel
    FROM raw_accounts ORDER BY row`,
  `CREATE TABLE contacts AS SELECT account_id, name, role FROM raw_contacts ORDER BY row`,
  `CREATE TABLE active_users AS
    SELECT DISTINCT account_id, date::DATE AS date, user_id FROM raw_usage ORDER BY account_id, date, user_id`,
  `CREATE TABLE used_features AS
    SELECT account_id, date::DATE AS date, feature, count(*) AS uses FROM raw_usage
    GROUP BY ALL ORDER BY account_id, date, feature`,
  `CREATE TABLE tickets AS
    SELECT account_id, opened_date::DATE AS opened, escalated_date::DATE AS escalated FROM raw_tickets ORDER BY account_id`,
  `CREATE TABLE nps AS SELECT account_id, date::DATE AS date, score::INTEGER AS score FROM raw_nps ORDER BY account_id`,
  ...['accounts', 'contacts', 'usage', 'tickets', 'nps'].map((name) => `DROP TABLE raw_${name}`),
];
