import type { DataProblem } from 'agent-platform/sdk';
import { checkTable } from './check.ts';
import { type Database, openDatabase } from './database.ts';
import { findFiles, listFolder } from './files.ts';
import { readHeader } from './header.ts';
import { LAYOUT_FILE, readLayout } from './layout.ts';
import { checkMemories } from './memories.ts';
import { Problems } from './problems.ts';
import { readRaw } from './raw.ts';
import { TABLES } from './tables.ts';

/**
 * Loads a folder in one go, or nothing: every file is read as text, every value is judged, and only when all are good are
 * they converted. Throws `data.missing` or `data.invalid`.
 */
export async function loadFolder(database: Database, folder: string): Promise<void> {
  const problems = new Problems();
  await readFolder(database, folder, problems);
  problems.throwIfAny(folder);
  for (const sql of CONVERSIONS) await database.rows(sql);
}

/** All that is wrong with a folder. Throws `data.missing` when there is none, or nothing in it. */
export async function checkData(folder: string): Promise<DataProblem[]> {
  const database = await openDatabase();
  try {
    const problems = new Problems();
    await readFolder(database, folder, problems);
    return problems.list();
  } finally {
    await database.close();
  }
}

/** Goes on after every problem with what can still be judged. */
async function readFolder(database: Database, folder: string, problems: Problems): Promise<void> {
  const entries = await listFolder(folder);
  if (entries.includes('columns.yml')) problems.unreadable('columns.yml', `is not read, expected ${LAYOUT_FILE}`);
  const layout = await readLayout(folder, problems);
  if (layout === null) return;
  const found = await findFiles(folder, entries, layout, problems);
  let accountsFile: string | null = null;
  for (const table of TABLES) {
    const settings = layout.of(table);
    const files = found.get(table) ?? [];
    const known = [];
    for (const file of files) {
      const header = await readHeader(database, table, file, layout, problems);
      if (header) known.push(header);
    }
    const raw = await readRaw(database, table, known, settings, problems);
    if (table.name === 'accounts' && raw.whole && known.length === files.length) accountsFile = files[0]?.name ?? null;
    if (raw.unreadable) continue;
    await checkTable(database, raw, settings, accountsFile, problems);
    if (table.name === 'memories') await checkMemories(database, raw, settings, problems);
  }
  if (problems.total === 0) await checkDated(database, problems);
}

const DATED = ['usage', 'tickets', 'nps'];

/** Without a dated row there is no day to look from. */
async function checkDated(database: Database, problems: Problems): Promise<void> {
  const [counted] = await database.rows(
    `SELECT (${DATED.map((name) => `(SELECT count(*) FROM raw_${name})`).join(' + ')})::INTEGER AS rows`,
  );
  if (Number(counted?.rows) > 0) return;
  problems.missing(
    'usage.csv',
    'there is no row in usage.csv, tickets.csv and nps.csv, expected at least one to date the data by',
  );
}

/** The tables that questions are asked of. */
const CONVERSIONS = [
  `CREATE TABLE accounts AS
    SELECT account_id, name, status, plan_tier, mrr_usd::DOUBLE AS mrr_usd, created_date, renewal_date, owner, owner_channel
    FROM raw_accounts ORDER BY row`,
  `CREATE TABLE contacts AS SELECT account_id, name, role FROM raw_contacts ORDER BY row`,
  `CREATE TABLE usage AS SELECT account_id, user_id, date::DATE AS date, feature FROM raw_usage`,
  `CREATE TABLE tickets AS
    SELECT account_id, opened_date::DATE AS opened, escalated_date::DATE AS escalated FROM raw_tickets`,
  `CREATE TABLE nps AS SELECT account_id, date::DATE AS date, score::INTEGER AS score FROM raw_nps`,
  ...['accounts', 'contacts', 'usage', 'tickets', 'nps'].map((name) => `DROP TABLE raw_${name}`),
];
