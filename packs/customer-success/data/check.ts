import type { Database } from './database.ts';
import type { FoundTable } from './header.ts';
import { PER_CHECK, type Problems } from './problems.ts';
import type { LineOf } from './raw.ts';
import { type Column, fileOf, KINDS, type Table } from './tables.ts';

interface Check {
  /** The SQL condition that a wrong row meets. */
  wrong: string;
  expected: string;
}

/**
 * Judges every value of a table that was read as text. `accountsWhole`: every line of `accounts.csv` became a row; else
 * an account that is not there proves nothing about the files that name it.
 */
export async function checkTable(
  database: Database,
  { table }: FoundTable,
  lineOf: LineOf,
  accountsWhole: boolean,
  problems: Problems,
): Promise<void> {
  for (const column of table.columns) {
    for (const { wrong, expected } of checksOf(table, column, accountsWhole)) {
      const rows = await database.rows(
        `SELECT row::INTEGER AS row, coalesce(${column.name}, '') AS value, (count(*) OVER ())::INTEGER AS total
         FROM raw_${table.name} WHERE ${wrong} ORDER BY row LIMIT ${PER_CHECK}`,
      );
      const found = [];
      for (const row of rows) {
        const line = await lineOf(Number(row.row));
        found.push({ file: fileOf(table), line, column: column.name, value: String(row.value), expected });
      }
      problems.add(found, Number(rows[0]?.total ?? 0));
    }
  }
}

function checksOf(table: Table, column: Column, accountsWhole: boolean): Check[] {
  const kind = KINDS[column.kind];
  const { name } = column;
  const checks: Check[] = [];
  if (!column.nullable) checks.push({ wrong: `${name} IS NULL`, expected: kind.expected });
  if (column.kind !== 'text') {
    const expected = column.nullable ? `${kind.expected}, or nothing` : kind.expected;
    checks.push({
      wrong: `${name} IS NOT NULL AND NOT coalesce(${kind.valid.replaceAll('$', name)}, false)`,
      expected,
    });
  }
  if (column.unique) {
    checks.push({
      wrong: `${name} IN (SELECT ${name} FROM raw_${table.name} GROUP BY ${name} HAVING count(*) > 1)
        AND row NOT IN (SELECT min(row) FROM raw_${table.name} GROUP BY ${name})`,
      expected: 'a value that no row above has',
    });
  }
  if (column.account && accountsWhole) {
    checks.push({
      wrong: `${name} IS NOT NULL AND ${name} NOT IN (SELECT account_id FROM raw_accounts WHERE account_id IS NOT NULL)`,
      expected: 'an account_id of accounts.csv',
    });
  }
  return checks;
}
