import { relative } from 'node:path';
import type { Settings } from '../../config/settings.ts';

const DEFAULT_STATE_DIR = '.agent-platform';

/** What to type to see a run's journal, from here. */
export function showCommand(run: string, settings: Settings): string {
  const stateDir = relative(process.cwd(), settings.stateDir);
  const where =
    stateDir === DEFAULT_STATE_DIR
      ? ''
      : ` --state-dir ${quoted(stateDir.startsWith('..') ? settings.stateDir : stateDir)}`;
  const program = settings.host.npmScript ? 'npm run -s agent-platform --' : 'agent-platform';
  return `${program} runs show ${quoted(run)}${where}`;
}

/** As a POSIX shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
