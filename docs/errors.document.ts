import { ERRORS } from '../config/errors.ts';

/** The text of errors.md: one section per area, one row per code. */
export function errorsDocument(): string {
  const lines = [
    '# Errors',
    '',
    'Every error that the platform raises has one of these codes. Programs match on the code; the message is for people and may change.',
    'Generated from `config/errors.ts` by `npm run docs:errors`.',
  ];
  let area = '';
  for (const [code, meaning] of Object.entries(ERRORS)) {
    const next = code.slice(0, code.indexOf('.'));
    if (next !== area) lines.push('', `## ${next}`, '', '| code | meaning |', '| --- | --- |');
    area = next;
    lines.push(`| \`${code}\` | ${meaning} |`);
  }
  return `${lines.join('\n')}\n`;
}
