import assert from 'node:assert/strict';
import type { Suite } from '../support/suite.ts';
import { findingsOf, greenhouse, placeOf, spoil } from './definitions-fixture.ts';

/** What is wrong · the file · the text · what replaces it (the whole file when the text is empty) · each finding: place and message. */
export type Case = [what: string, file: string, from: string, to: string, ...found: [place: string, message: RegExp][]];

/** One test per case: exactly these findings, each at its `file:line:column path`. */
export function testCases(test: Suite, cases: readonly Case[]): void {
  for (const [what, file, from, to, ...expected] of cases) {
    test(`${what} is found at its place`, async () => {
      const files = from === '' ? { ...greenhouse(), [file]: to } : spoil(greenhouse(), file, from, to);
      const findings = await findingsOf(files);
      const text = findings.map((finding) => `${placeOf(finding)} | ${finding.message}`).join('\n');
      assert.equal(findings.length, expected.length, text);
      for (const [place, message] of expected) {
        const found = findings.some((finding) => placeOf(finding) === place && message.test(finding.message));
        assert.ok(found, `${place} ${message} in\n${text}`);
      }
    });
  }
}
