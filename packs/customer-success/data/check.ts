import type { Database } from './database.ts';
import { LOST_ID } from './expression.ts';
import { type TableLayout, theirName } from './layout.ts';
import { PER_CHECK, type Problems } from './problems.ts';
import { originalOf, type RawTable } from './raw.ts';
import { type Column, KINDS, type Table } from './tables.ts';

interface Check {
  column: Column;
  /** The SQL condition that a wrong row meets. */
  wrong: string;
  expected: string;
}

/**
 * Judges every value of a table that was read as text. `accountsFile`: where the accounts stand, null when not
 * every row of them was read: then an account that is not there proves nothing about the files that name it.
 */
export async function checkTable(
  database: Database,
  { table, placeOf }: RawTable,
  layout: TableLayout,
  accountsFile: string | null,
  problems: Problems,
): Promise<void> {
  const checks = table.columns.flatMap((column) => checksOf(table, column, layout, accountsFile));
  // Counted in one pass; rows are looked up only where there is something to look up.
  const counts = checks.map(({ wrong }, i) => `(count(*) FILTER (WHERE ${wrong}))::INTEGER AS n${i}`);
  const [counted] = await database.rows(`SELECT ${counts.join(', ')} FROM raw_${table.name}`);
  for (const [i, { column, wrong, expected }] of checks.entries()) {
    const total = Number(counted?.[`n${i}`] ?? 0);
    if (total === 0) continue;
    const rows = await database.rows(
      `SELECT row::INTEGER AS row, coalesce(${originalOf(column)}, ${column.name}, '') AS value
       FROM raw_${table.name} WHERE ${wrong} ORDER BY row LIMIT ${PER_CHECK}`,
    );
    const found = [];
    for (const row of rows) {
      found.push({
        ...(await placeOf(Number(row.row))),
        column: theirName(column.name, layout),
        value: String(row.value),
        expected,
      });
    }
    problems.add(found, total);
  }
}

function checksOf(table: Table, column: Column, layout: TableLayout, accountsFile: string | null): Check[] {
  const { name } = column;
  const expected = expectedOf(column, layout);
  const checks: Check[] = [];
  if (!column.nullable)
    checks.push({ column, wrong: `${name} IS NULL`, expected: column.kind === 'id' ? 'a text' : expected });
  if (column.kind !== 'text') {
    const valid = KINDS[column.kind].valid.replaceAll('$', name);
    checks.push({
      column,
      wrong: `${name} IS NOT NULL AND NOT coalesce(${valid}, false)`,
      expected: column.nullable ? `${expected}, or nothing` : expected,
    });
  }
  if (column.kind === 'id') {
    const wide = `a text, or a whole number within ±${Number.MAX_SAFE_INTEGER} where the column holds decimals`;
    checks.push({ column, wrong: `${name} = ${LOST_ID}`, expected: wide });
  }
  if (column.unique) {
    checks.push({
      column,
      wrong: `${name} IN (SELECT ${name} FROM raw_${table.name} GROUP BY ${name} HAVING count(*) > 1)
        AND row NOT IN (SELECT min(row) FROM raw_${table.name} GROUP BY ${name})`,
      expected: 'a value that no row above has',
    });
  }
  if (column.account && accountsFile !== null) {
    checks.push({
      column,
      wrong: `${name} IS NOT NULL AND ${name} NOT IN (SELECT account_id FROM raw_accounts WHERE account_id IS NOT NULL)`,
      expected: `an account_id of ${accountsFile}`,
    });
  }
  return checks;
}

/** Kinds whose values are words of ours, which a folder may have other words for. */
const WORDS: ReadonlySet<Column['kind']> = new Set(['status', 'assessment', 'scope']);

/** In the words of the file that a person corrects. */
function expectedOf(column: Column, layout: TableLayout): string {
  const { expected } = KINDS[column.kind];
  const format = layout.dates.get(column.name);
  if (format) return `a date such as ${format.example}`;
  if (column.kind === 'amount' && layout.decimalComma) return `${expected}, with a decimal comma`;
  const values = WORDS.has(column.kind) ? (layout.values.get(column.name) ?? []) : [];
  return values.length === 0 ? expected : `${values.map(([theirs]) => theirs).join(', ')}, ${expected}`;
}
