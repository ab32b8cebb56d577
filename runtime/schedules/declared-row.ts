import { valueAt } from '../definitions/words.ts';
import type { Json } from '../json.ts';
import type { Row, RunSummary } from '../pack.ts';
import { flattenReports } from '../report.ts';

/** A column of a schedule's table. `from`: where its value stands; of several places the first that has one. */
export interface DeclaredColumn {
  field: string;
  from?: string | readonly string[] | undefined;
}

/** What a place may begin with. */
export const ROW_SOURCES = ['target', 'run', 'outcome', 'facts', 'report', 'reports', 'waiting', 'error'] as const;

/** What has to be looked at comes first; inside a rank, rows stand in the order of their targets. */
const RANKS: Record<RunSummary['outcome'], number> = {
  waiting: 0,
  escalated: 0,
  failed: 1,
  refused: 1,
  cancelled: 1,
  running: 2,
  completed: 3,
};

/** The places of a column, each as its parts. */
export function placesIn({ from }: DeclaredColumn): string[][] {
  const places = from === undefined ? [] : typeof from === 'string' ? [from] : from;
  return places.map((place) => place.split('.'));
}

/** A row that nothing but the columns of `pack.yaml` makes. What stands nowhere is null. Pure. */
export function declaredRow(columns: readonly DeclaredColumn[], summary: RunSummary): Row {
  const { report } = summary;
  const completed = report === null ? [] : flattenReports(report).filter(({ outcome }) => outcome === 'completed');
  const reports = Object.fromEntries(completed.map(({ agent, text, data }) => [agent, { text, data }]));
  const fields = columns.flatMap((column): [string, Json][] => {
    if (column.from === undefined) return [];
    const values = placesIn(column).map((place) => valueAt({ ...summary, reports }, place) as Json | undefined);
    return [[column.field, values.find((value) => value !== undefined && value !== null) ?? null]];
  });
  return { fields: Object.fromEntries(fields), rank: RANKS[summary.outcome], tally: {} };
}
