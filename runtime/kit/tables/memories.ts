import { MemoryDraft, type MemorySeed } from '../../memory/memory.ts';
import type { MemoriesSpec } from './columns.ts';
import { type Database, rawName, type Row } from './database.ts';
import { type TableLayout, theirName } from './layout.ts';
import type { Problems } from './problems.ts';
import type { RawTable } from './raw.ts';

/** What the table `memories` says, as seeds in the file's order. The rows were checked; `subject` is the column of whom. */
export function seedsOf(rows: readonly Row[], subject: string, { scopes }: MemoriesSpec): MemorySeed[] {
  return rows.map((row) => ({
    ...MemoryDraft.parse(draftOf(row)),
    scope: (row.scope as string | null) ?? scopes[0] ?? '',
    subject: row[subject] as string,
    date: row.date as string,
  }));
}

/** Judges by the schema of memories what the columns' kinds leave open. Empty texts are the columns' matter. */
export async function checkMemories(
  database: Database,
  { table, placeOf }: RawTable,
  layout: TableLayout,
  problems: Problems,
): Promise<void> {
  const judged = new Set(table.columns.filter(({ kind }) => kind === 'word').map(({ name }) => name));
  for (const row of await database.rows(
    `SELECT * REPLACE (_row::INTEGER AS _row) FROM ${rawName(table)} ORDER BY _row`,
  )) {
    const result = MemoryDraft.safeParse(draftOf(row));
    for (const issue of result.error?.issues ?? []) {
      const name = String(issue.path[0]);
      const value = row[name];
      if (value === null || judged.has(name) || (name === 'dip_percent' && !Number.isFinite(Number(value)))) continue;
      const expected = `a value of a memory (${issue.message})`;
      problems.add([
        { ...(await placeOf(Number(row._row))), column: theirName(name, layout), value: String(value), expected },
      ]);
    }
  }
}

/** A draft without the fields that the row leaves empty. */
function draftOf(row: Row): Row {
  const { text, kind, assessment, dip_percent, resolved_by } = row;
  const dip = dip_percent === null ? null : Number(dip_percent);
  const fields = { text, kind, assessment, dip_percent: dip, resolved_by };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
