import type { Settings } from '../../../config/settings.ts';
import type { HumanTaskView } from '../../contract/human-schemas.ts';
import { decidersText } from '../../views/task-view.ts';
import { wrap } from '../../terminal/lines.ts';
import { harmless, type Paint } from '../../terminal/terminal.ts';
import { decideCommand, showTaskCommand } from './hints.ts';

/** A question of a run that was just followed, with what to type to see and to answer it. `model`: what the run began with. */
export function waitingText(
  task: HumanTaskView,
  settings: Settings,
  width: number,
  paint: Paint,
  model?: string,
): string {
  const who = `${decidersText(task.decides)} is asked: ${task.question}`;
  return [
    paint.attention(harmless(`task ${task.task}`)),
    ...wrap(harmless(who), width),
    `to see it: ${showTaskCommand(task.task, settings)}`,
    `to answer: ${decideCommand(task, settings, model)}`,
  ].join('\n');
}
