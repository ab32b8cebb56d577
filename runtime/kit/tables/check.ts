import { type Database, quoted, rawName } from './database.ts';
import type { Table } from './define.ts';
import { LOST_ID } from './expression.ts';
import { type TableLayout, theirName } from './layout.ts';
import { PER_CHECK, type Problems } from './problems.ts';
import { originalOf, type RawTable } from './raw.ts';

type Column = Table['columns'][number];

/** The tables whose every row was read, each with its key and the file that holds it: what others may refer to. */
export type Referred = ReadonlyMap<string, { key: string; file: string }>;

interface Check {
  column: Column;
  /** The SQL condition that a wrong row meets. */
  wrong: string;
  expected: string;
}

/**
 * Judges every value of a table that was read as text. A table that was not read whole is not in `referred`: a key that is
 * not there proves nothing then about the files that name it.
 */
export async function checkTable(
  database: Database,
  { table, placeOf }: RawTable,
  layout: TableLayout,
  referred: Referred,
  problems: Problems,
): Promise<void> {
  const checks = table.columns.flatMap((column) => checksOf(table, column, layout, referred));
  // Counted in one pass; rows are looked up only where there is something to look up.
  const counts = checks.map(({ wrong }, i) => `(count(*) FILTER (WHERE ${wrong}))::INTEGER AS n${i}`);
  const [counted] = await database.rows(`SELECT ${counts.join(', ') || '0'} FROM ${rawName(table)}`);
  for (const [i, { column, wrong, expected }] of checks.entries()) {
    const total = Number(counted?.[`n${i}`] ?? 0);
    if (total === 0) continue;
    const rows = await database.rows(
      `SELECT _row::INTEGER AS row, coalesce(${originalOf(column)}, ${quoted(column.name)}, '') AS value
       FROM ${rawName(table)} WHERE ${wrong} ORDER BY _row LIMIT ${PER_CHECK}`,
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

function checksOf(table: Table, column: Column, layout: TableLayout, referred: Referred): Check[] {
  const name = quoted(column.name);
  const raw = rawName(table);
  const expected = expectedOf(column, layout);
  const checks: Check[] = [];
  if (!column.empty)
    checks.push({ column, wrong: `${name} IS NULL`, expected: column.kind === 'id' ? 'a text' : expected });
  if (column.kind !== 'text') {
    checks.push({
      column,
      wrong: `${name} IS NOT NULL AND NOT coalesce(${column.valid(name)}, false)`,
      expected: column.empty ? `${expected}, or nothing` : expected,
    });
  }
  if (column.kind === 'id') {
    const wide = `a text, or a whole number within ±${Number.MAX_SAFE_INTEGER} where the column holds decimals`;
    checks.push({ column, wrong: `${name} = ${LOST_ID}`, expected: wide });
  }
  if (column.name === table.key) {
    checks.push({
      column,
      wrong: `${name} IN (SELECT ${name} FROM ${raw} GROUP BY ${name} HAVING count(*) > 1)
        AND _row NOT IN (SELECT min(_row) FROM ${raw} GROUP BY ${name})`,
      expected: 'a value that no row above has',
    });
  }
  const to = column.of === undefined ? undefined : referred.get(column.of);
  if (column.of !== undefined && to !== undefined) {
    const key = quoted(to.key);
    checks.push({
      column,
      wrong: `${name} IS NOT NULL AND ${name} NOT IN (SELECT ${key} FROM ${rawName({ name: column.of })} WHERE ${key} IS NOT NULL)`,
      expected: `${/^[aeiou]/.test(to.key) ? 'an' : 'a'} ${to.key} of ${to.file}`,
    });
  }
  return checks;
}

/** In the words of the file that a person corrects. */
function expectedOf({ name, kind, expected }: Column, layout: TableLayout): string {
  const format = layout.dates.get(name);
  if (format) return `a date such as ${format.example}`;
  if (kind === 'number' && layout.decimalComma) return `${expected}, with a decimal comma`;
  const values = kind === 'word' ? (layout.values.get(name) ?? []) : [];
  return values.length === 0 ? expected : `${values.map(([theirs]) => theirs).join(', ')}, ${expected}`;
}
