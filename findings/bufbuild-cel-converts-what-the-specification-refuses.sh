#!/usr/bin/env bash
# @bufbuild/cel 0.6.1 passes 944 of the 952 language cases of the public conformance suite, yet gives values where the CEL
# specification has an error, beyond the cases of that suite.
#
# What one would expect: a text that is no number cannot be converted, a day that no month has is no timestamp, and has(m.k) of a
# map asks whether the key is there, whatever its value is.
# What happens: int("") and double(" ") are 0, 30 February is 2 March, and has(a.b) is false where b is there and null.
# It matters for rules: `int(input.limit) < 5` holds for an empty text, `!has(input.a.b)` for a null.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @bufbuild/cel@0.6.1 >/dev/null
cat > try.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { run } from '@bufbuild/cel';

const { version } = JSON.parse(readFileSync('node_modules/@bufbuild/cel/package.json', 'utf8'));
console.log(`@bufbuild/cel ${version}, node ${process.version}`);
const cases = [
  ['int("")', {}, '0'],
  ['double(" ")', {}, '0'],
  ['timestamp("2026-02-30T00:00:00Z") == timestamp("2026-03-02T00:00:00Z")', {}, 'true'],
  ['has(a.b)', { a: { b: null } }, 'false'],
];
let changed = 0;
for (const [expression, bindings, seen] of cases) {
  let got;
  try {
    got = String(run(expression, bindings));
  } catch (error) {
    got = `throws ${error.message}`;
  }
  console.log(`${expression} with ${JSON.stringify(bindings)} is ${got}`);
  if (got !== seen) changed += 1;
}
if (changed > 0) console.log(`${changed} of ${cases.length} differ from what was seen`);
process.exitCode = changed > 0 ? 1 : 0;
JS
node try.mjs
