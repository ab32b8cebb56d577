/**
 * Data folders as typed tables, as `agent-platform/tables`. A pack declares its tables; the engine reads CSV and Parquet
 * files, maps a folder's own names by `columns.yaml`, reports what is wrong with its place, and measures over time. The
 * package that reads them, DuckDB, is loaded when a folder is opened.
 */
export { column } from './columns.ts';
export { addBusinessDays, addDays, dayCount, daysBetween, type Window } from './days.ts';
export type { RowOf } from './define.ts';
export type { MeasureSpec } from './figures.ts';
export { type DataFolders, defineTables, type SourceOf } from './folder.ts';
export { Measure } from './measures.ts';
export type { Measured, TableSource } from './source.ts';
