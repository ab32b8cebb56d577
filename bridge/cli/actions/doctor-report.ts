import { inspectSettings } from '../../../config/settings.ts';
import { diagnose } from '../../doctor/doctor.ts';
import { type Finding, type Level, plural } from '../../doctor/finding.ts';
import { tell, tellJson } from '../../terminal/output.ts';
import { pad } from '../../terminal/lines.ts';
import { COLOURS, type Paint, PLAIN } from '../../terminal/terminal.ts';

const TONES: Record<Level, keyof Paint> = { ok: 'faint', warn: 'attention', fail: 'bad' };
const LEVEL_WIDTH = 6;
const PART_WIDTH = 10;

/** Prints every finding; 1 when one fails. Not a session: settings may be broken, and nothing is written to disk. */
export async function reportHealth(
  options: Record<string, unknown>,
  { json, start, asks, deep }: { json: boolean; start: boolean; asks: boolean; deep: boolean },
): Promise<number> {
  const inspected = inspectSettings({ options });
  const findings = await diagnose(inspected, { start, asks, deep });
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const { stdout } = process;
  if (json) {
    const counts = { ok: count('ok'), warn: count('warn'), fail: count('fail') };
    tellJson({ healthy: counts.fail === 0, counts, findings });
  } else {
    const paint = stdout.isTTY && stdout.hasColors() ? COLOURS : PLAIN;
    const summary = `${count('ok')} ok, ${plural(count('warn'), 'warning')}, ${plural(count('fail'), 'failure')}`;
    tell(stdout, [...findings.map((finding) => line(finding, paint)), '', summary].join('\n'));
  }
  return count('fail') === 0 ? 0 : 1;
}

function line({ part, level, text, remedy }: Finding, paint: Paint): string {
  const head = `${paint[TONES[level]](pad(level, LEVEL_WIDTH))}${pad(part, PART_WIDTH)}${text}`;
  const indent = ' '.repeat(LEVEL_WIDTH + PART_WIDTH);
  return remedy === undefined ? head : `${head}\n${indent}→ ${remedy.replaceAll('\n', `\n${indent}  `)}`;
}
