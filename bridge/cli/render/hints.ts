import { relative } from 'node:path';
import type { Settings } from '../../../config/settings.ts';
import { PLAYED_MODEL } from '../../../runtime/definitions/players.ts';
import type { Address } from '../../../runtime/address.ts';
import type { HumanTaskView } from '../../contract/human-schemas.ts';

const DEFAULT_STATE_DIR = '.agent-platform';

/** What to type to see a run's journal, from here. */
export function showCommand(run: string, settings: Settings): string {
  return commandLine(['runs', 'show', run], settings);
}

/** What to type to have a failed run go on, from here. */
export function retryCommand(run: string, settings: Settings): string {
  return commandLine(['runs', 'retry', run], settings);
}

/** What to type to see a question to a person, from here. */
export function showTaskCommand(task: string, settings: Settings): string {
  return commandLine(['human', 'show', task], settings);
}

/** What to type to see what the model was sent for a turn, from here. */
export function promptCommand({ run, path }: Pick<Address, 'run' | 'path'>, turn: number, settings: Settings): string {
  return commandLine(['runs', 'prompt', run, path, '--turn', String(turn)], settings);
}

/** What to type to see all questions to people, from here. */
export function listTasksCommand(settings: Settings): string {
  return commandLine(['human', 'list'], settings);
}

/**
 * What to type to approve, from here: by the person who is named, or by whoever has the role. `model`: which one the run
 * began with, which the command has to go on with; absent when that is the one of this process.
 */
export function decideCommand({ task, kind, decides }: HumanTaskView, settings: Settings, model?: string): string {
  const who = decides.name === null ? ['--role', decides.role] : ['--by', decides.name];
  // No approval lifts a breach.
  const answer = kind === 'breach' ? ['--ask-again', 'NOTE'] : ['--approve'];
  return commandLine(['human', 'decide', task, ...answer, ...who], settings, model);
}

function commandLine(words: readonly string[], settings: Settings, asked: string = settings.model): string {
  const stateDir = relative(process.cwd(), settings.stateDir);
  const where =
    stateDir === DEFAULT_STATE_DIR
      ? ''
      : ` --state-dir ${quoted(stateDir.startsWith('..') ? settings.stateDir : stateDir)}`;
  // What is said of a run of another model than the default one must be said to that model.
  const model = settings.model === PLAYED_MODEL && asked === PLAYED_MODEL ? '' : ` --model ${quoted(asked)}`;
  return `${programOf(settings)} ${words.map(quoted).join(' ')}${model}${where}`;
}

/** The command itself, as it was typed. */
export function programOf({ host }: Settings): string {
  return host.npmScript ? 'npm run -s agent-platform --' : 'agent-platform';
}

/** As a POSIX shell reads it back. */
export function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
