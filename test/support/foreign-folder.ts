import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../runtime/kit/tables/database.ts';
import { type DataFile, rawFolder, SAMPLE_FOLDER } from './customer-data.ts';

/** The columns.yaml of `foreignFolder`. */
export const FOREIGN_LAYOUT = `# A CRM export: semicolons, decimal commas, German dates.
delimiter: ";"
decimal: ","
dates: DD.MM.YYYY
tables:
  accounts:
    file: Kunden.csv
    columns:
      account_id: Kundennummer
      name: Firma
      status: Zustand
      plan_tier: Tarif
      mrr_usd: Umsatz
      created_date: Kunde seit
      renewal_date: Verlängerung
      owner: Betreuer
    values:
      status: {live: active, gone: churned}
    constants:
      owner_channel: "#customer-success"
  usage:
    file: Nutzung/*.csv
    columns: {account_id: Kundennummer, user_id: Benutzer, date: Zeitpunkt, feature: Funktion}
    dates: {date: "YYYY-MM-DD HH:mm:ss"}
  tickets:
    file: Tickets.txt
    delimiter: "\\t"
    columns: {ticket_id: Nr, account_id: Kundennummer, opened_date: eröffnet, escalated_date: eskaliert}
    dates: {opened_date: MM/DD/YYYY, escalated_date: unix}
  nps:
    file: Umfrage.csv
    columns: {account_id: Kundennummer, date: Tag, score: Note}
`;

/** The sample's rows as another system would write them: other files, columns, values and dates. */
export async function foreignFolder(): Promise<string> {
  const folder = rawFolder({ 'columns.yaml': FOREIGN_LAYOUT });
  mkdirSync(join(folder, 'Nutzung'));
  const german = (date: string) => `strftime(${date}::DATE, '%d.%m.%Y')`;
  const accounts = `SELECT name AS "Firma", account_id AS "Kundennummer", if(status = 'active', 'live', 'gone') AS "Zustand",
    plan_tier AS "Tarif", replace(mrr_usd, '.', ',') AS "Umsatz", ${german('created_date')} AS "Kunde seit",
    ${german('renewal_date')} AS "Verlängerung", owner AS "Betreuer", 'x;y' AS "Notiz; intern" FROM accounts`;
  const usage = `SELECT account_id AS "Kundennummer", user_id AS "Benutzer", date || ' 23:59:58' AS "Zeitpunkt",
    feature AS "Funktion" FROM usage`;
  const tickets = `SELECT ticket_id AS "Nr", account_id AS "Kundennummer", strftime(opened_date::DATE, '%m/%d/%Y') AS "eröffnet",
    (epoch(escalated_date::DATE) + 86399)::BIGINT::VARCHAR AS "eskaliert" FROM tickets`;
  const nps = `SELECT account_id AS "Kundennummer", ${german('date')} AS "Tag", score AS "Note" FROM nps`;
  await convert([
    [accounts, join(folder, 'Kunden.csv'), `HEADER, DELIMITER ';'`],
    [`${usage} WHERE date < '2026-10-01'`, join(folder, 'Nutzung', '1.csv'), `HEADER, DELIMITER ';'`],
    [`${usage} WHERE date >= '2026-10-01'`, join(folder, 'Nutzung', '2.csv'), `HEADER, DELIMITER ';'`],
    [tickets, join(folder, 'Tickets.txt'), `FORMAT csv, HEADER, DELIMITER '\t'`],
    [nps, join(folder, 'Umfrage.csv'), `HEADER, DELIMITER ';'`],
    [`SELECT * FROM contacts`, join(folder, 'contacts.csv'), `HEADER, DELIMITER ';'`],
    [
      `SELECT * REPLACE (${german('date')} AS date) FROM memories`,
      join(folder, 'memories.csv'),
      `HEADER, DELIMITER ';'`,
    ],
  ]);
  return folder;
}

/** The sample's rows with their types, usage in three files. */
export async function parquetFolder(): Promise<string> {
  const folder = rawFolder({});
  const typed: [string, string][] = [
    [
      'accounts',
      '* REPLACE (mrr_usd::DOUBLE AS mrr_usd, created_date::DATE AS created_date, renewal_date::DATE AS renewal_date)',
    ],
    ['tickets', '* REPLACE (opened_date::TIMESTAMP AS opened_date, escalated_date::TIMESTAMP AS escalated_date)'],
    ['nps', '* REPLACE (date::DATE AS date, score::DOUBLE AS score)'],
    ['contacts', '*'],
    ['memories', '* REPLACE (date::DATE AS date, dip_percent::DOUBLE AS dip_percent)'],
  ];
  await convert([
    ...typed.map(([name, columns]): Copy => [`SELECT ${columns} FROM ${name}`, join(folder, `${name}.parquet`), '']),
    ...[0, 1, 2].map((part): Copy => {
      const rows = `SELECT * REPLACE (date::DATE AS date) FROM usage WHERE hash(user_id) % 3 = ${part}`;
      return [rows, join(folder, `usage-${part}.parquet`), ''];
    }),
  ]);
  return folder;
}

/** Query over the sample's tables, all text → file. */
export type Copy = [query: string, path: string, options: string];

export async function convert(copies: readonly Copy[]): Promise<void> {
  const database = await openDatabase();
  for (const file of ['accounts', 'usage', 'tickets', 'nps', 'contacts', 'memories'] as const) {
    const path = join(SAMPLE_FOLDER, `${file}.csv` satisfies DataFile);
    await database.rows(`CREATE TABLE ${file} AS SELECT * FROM read_csv('${path}', all_varchar = true)`);
  }
  for (const [query, path, options] of copies) {
    const format = path.endsWith('.parquet') ? 'FORMAT parquet' : options;
    await database.rows(`COPY (${query}) TO '${path}' (${format})`);
  }
  await database.close();
}
