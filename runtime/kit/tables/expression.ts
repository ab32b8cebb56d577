import type { Parameters } from './database.ts';
import type { Table } from './define.ts';
import type { KnownFile } from './header.ts';
import { type TableLayout, theirName } from './layout.ts';

/** How one of our columns is made of a file's, as text. What comes from `columns.yaml` is only ever a parameter. */
export interface Expression {
  sql: string;
  /** As it stands in the file, for messages; null when that is the same. */
  original: string | null;
  parameters: Parameters;
}

/** A value that is no date in any format. */
const NO_DATE = `'?'`;
/** Stands for an id that a column of decimals cannot hold: two ids of that size may be one number there. No text of a file is it. */
export const LOST_ID = 'chr(65535)';

/** The file's columns are known to the query by position only, as `c0`, `c1`, …, so that no name becomes part of it. */
export function expressionOf(column: Table['columns'][number], file: KnownFile, layout: TableLayout): Expression {
  const constant = layout.constants.get(column.name);
  const parameters: Parameters = {};
  const name = (part: string): string => `$${column.name}_${part}`;
  const give = (part: string, value: string): string => {
    parameters[`${column.name}_${part}`] = value;
    return name(part);
  };
  if (constant !== undefined) {
    return { sql: `nullif(${give('constant', constant)}::VARCHAR, '')`, original: null, parameters };
  }
  const theirs = theirName(column.name, layout);
  const at = file.columns.findIndex((each) => each.name === theirs);
  const type = file.columns[at]?.type ?? 'VARCHAR';
  const original = asText(`c${at}`, type);
  const lost =
    column.kind === 'id' && /^(DOUBLE|FLOAT)$/.test(type) ? `abs(c${at}) > ${Number.MAX_SAFE_INTEGER}` : null;
  let sql = lost === null ? original : `CASE WHEN ${lost} THEN ${LOST_ID} ELSE ${original} END`;
  const values = layout.values.get(column.name) ?? [];
  if (values.length > 0) {
    const cases = values.map(([from, to], i) => `WHEN ${give(`from${i}`, from)} THEN ${give(`to${i}`, to)}`);
    sql = `nullif(CASE ${sql} ${cases.join(' ')} ELSE ${sql} END, '')`;
  }
  const format = isDay(type) ? undefined : layout.dates.get(column.name);
  if (format) {
    for (const [part, value] of Object.entries(format.parameters)) give(part, value);
    const value = sql;
    const iso = format.iso.replaceAll('$pattern', name('pattern')).replaceAll('$format', name('format'));
    sql = `CASE WHEN (${value}) IS NOT NULL THEN coalesce(${iso.replaceAll(/\$(?![a-z])/g, () => `(${value})`)}, ${NO_DATE}) END`;
  }
  if (layout.decimalComma && column.kind === 'number' && type === 'VARCHAR') {
    sql = `translate(${sql}, '.,', ',.')`;
  }
  return { sql, original: sql === original ? null : original, parameters };
}

function isDay(type: string): boolean {
  return type === 'DATE' || type.startsWith('TIMESTAMP');
}

/** A typed value as a CSV file would have it. */
function asText(column: string, type: string): string {
  if (type === 'VARCHAR') return `nullif(${column}, '')`;
  if (type === 'TIMESTAMP WITH TIME ZONE') return `make_timestamp(epoch_us(${column}))::DATE::VARCHAR`;
  if (isDay(type)) return `${column}::DATE::VARCHAR`;
  // Tables with empty fields hold whole numbers as 9.0.
  if (type === 'DOUBLE' || type === 'FLOAT') {
    return `CASE WHEN isnan(${column}) THEN NULL WHEN ${column} = trunc(${column}) THEN try_cast(${column} AS BIGINT)::VARCHAR ELSE ${column}::VARCHAR END`;
  }
  return `${column}::VARCHAR`;
}
