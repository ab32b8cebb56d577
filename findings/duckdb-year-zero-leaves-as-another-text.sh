#!/usr/bin/env bash
# DuckDB 1.5.5 (@duckdb/node-api 1.5.5-r.5): the date 0000-01-01 is taken, and comes back as the text `0001-01-01 (BC)`.
#
# What one would expect: `DATE '0000-01-01'` is refused, or its text is what it was read from: ISO 8601 has a year 0, and the cast
# from text takes it. What happens: `CAST(day AS VARCHAR)` names the year as PostgreSQL does, so text → date → text is another
# text. JavaScript reads it without complaint, as 1 January 2001. `strftime(day, '%Y-%m-%d')` gives `0000-01-01`.
# It matters where dates of unknown files are checked by `TRY_CAST(… AS DATE)` and handed on as text: zeros that stand for
# «no date» in old exports pass the check.
# What helps: `strftime` in place of the cast, or a pattern that refuses the year 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @duckdb/node-api@1.5.5-r.5
cat > try.mjs <<'JS'
import { DuckDBInstance } from '@duckdb/node-api';
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const sql = `SELECT version() AS version, try_cast('0000-01-01' AS DATE)::VARCHAR AS cast_text,
  strftime('0000-01-01'::DATE, '%Y-%m-%d') AS strftime_text, ('2026-11-16'::DATE)::VARCHAR AS other`;
const [row] = (await connection.runAndReadAll(sql)).getRowObjectsJS();
console.log(row, 'JavaScript reads the cast as', new Date(row.cast_text).toDateString());
const asSeen = row.cast_text === '0001-01-01 (BC)' && new Date(row.cast_text).getFullYear() === 2001 && row.strftime_text === '0000-01-01' && row.other === '2026-11-16';
if (!asSeen) console.log('this differs from what was seen');
process.exit(asSeen ? 0 : 1);
JS
node try.mjs
