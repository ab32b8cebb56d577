import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('what the pack of customer success imports');

test('a copy of the pack elsewhere needs the platform and no other package', () => {
  const files = readdirSync(CUSTOMER_SUCCESS, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'));
  const imported = files.flatMap((file) =>
    [...readFileSync(join(CUSTOMER_SUCCESS, file), 'utf8').matchAll(/\bfrom '([^.'][^']*)'/g)].map(
      ([, name]) => name ?? '',
    ),
  );
  const packages = new Set(imported.filter((name) => !name.startsWith('node:')));
  assert.deepEqual(
    [...packages].toSorted((a, b) => a.localeCompare(b)),
    ['agent-platform/sdk', 'agent-platform/tables', 'agent-platform/text'],
  );
});

test.run();
