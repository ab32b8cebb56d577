import { PlatformError } from '../../config/errors.ts';
import { type Finding, formatFinding } from './resolved.ts';

/** One line per finding, in the order of file, line and column. */
export function findingsToText(findings: readonly Finding[]): string {
  return sortFindings(findings).map(formatFinding).join('\n');
}

export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}

/** All that is wrong as one error: `details.findings` holds the findings, sorted as in the message. */
export function invalidDefinitions(findings: readonly Finding[]): PlatformError {
  return new PlatformError('definitions.invalid', findingsToText(findings), {
    details: { findings: sortFindings(findings) },
  });
}
