import { MemoryDraft, type MemorySeed } from 'agent-platform/sdk';
import type { Database, Row } from './database.ts';
import { type TableLayout, theirName } from './layout.ts';
import type { Problems } from './problems.ts';
import type { RawTable } from './raw.ts';
import { MEMORY_SCOPES } from './tables.ts';

/** Whose memory it is when the row doesn't say. */
const [DEFAULT_SCOPE] = MEMORY_SCOPES;
/** What the kind of the column says all about. */
const JUDGED = ['assessment'];

/** What the table `memories` says, as seeds in the file's order. The rows were checked when the folder was opened. */
export async function readMemories(database: Database): Promise<MemorySeed[]> {
  const rows = await memoryRows(database);
  return rows.map((row) => ({
    ...MemoryDraft.parse(draftOf(row)),
    scope: (row.scope as string | null) ?? DEFAULT_SCOPE,
    subject: row.account_id as string,
    date: row.date as string,
  }));
}

/** Judges by the memory schema what the columns' kinds leave open. Empty texts are the columns' matter. */
export async function checkMemories(
  database: Database,
  { placeOf }: RawTable,
  layout: TableLayout,
  problems: Problems,
): Promise<void> {
  for (const row of await memoryRows(database)) {
    const judged = MemoryDraft.safeParse(draftOf(row));
    for (const issue of judged.error?.issues ?? []) {
      const column = String(issue.path[0]);
      const value = row[column];
      if (value === null || JUDGED.includes(column) || (column === 'dip_percent' && !Number.isFinite(Number(value))))
        continue;
      const expected = `a value of a memory (${issue.message})`;
      problems.add([
        { ...(await placeOf(Number(row.row))), column: theirName(column, layout), value: String(value), expected },
      ]);
    }
  }
}

function memoryRows(database: Database): Promise<Row[]> {
  return database.rows('SELECT row::INTEGER AS row, * EXCLUDE (row) FROM raw_memories ORDER BY row');
}

/** A draft without the fields that the row leaves empty. */
function draftOf(row: Row): Row {
  const { text, kind, assessment, dip_percent, resolved_by } = row;
  const fields = {
    text,
    kind,
    assessment,
    dip_percent: dip_percent === null ? null : Number(dip_percent),
    resolved_by,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
