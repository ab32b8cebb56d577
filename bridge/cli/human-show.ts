import { listTasks, showTask } from '../human.ts';
import { leftOut } from '../left-out.ts';
import { taskText, tasksText } from '../task-text.ts';
import { decideCommand, showTaskCommand } from './hints.ts';
import type { HumanListOptions } from './human.ts';
import { type Session, withPlatform } from './session.ts';

export async function listHumanTasks(session: Session, { all, state, limit }: HumanListOptions): Promise<number> {
  const { json, width, paint, say, sayJson, settings } = session;
  const { tenant } = settings;
  const wanted = all ? 'all' : (state ?? 'open');
  const { onLeftOut, tell } = leftOut();
  const tasks = await withPlatform(session, (platform) =>
    listTasks(platform, { state: wanted, limit, onLeftOut, ...(tenant && { tenant }) }),
  );
  tell(session.note);
  const [first] = tasks;
  if (json) sayJson({ tasks });
  else if (!first) say(wanted === 'open' ? 'nobody is asked anything' : 'no such questions');
  else say(`${tasksText(tasks, width, paint)}\n\nall of one: ${showTaskCommand(first.task, settings)}`);
  return 0;
}

export async function showHumanTask(session: Session, id: string): Promise<number> {
  const { json, width, paint, say, sayJson, settings } = session;
  const task = await withPlatform(session, (platform) => showTask(platform, id, settings.tenant));
  if (json) sayJson(task);
  else {
    const hint = task.state === 'open' ? `\n\nto answer: ${decideCommand(task, settings)}` : '';
    const others = task.answers.filter((answer) => answer !== 'approve').map(option);
    const more = hint === '' || others.length === 0 ? '' : `\nor: ${others.join(', ')}`;
    say(`${taskText(task, width, paint)}${hint}${more}`);
  }
  return 0;
}

function option(answer: string): string {
  return { edit: '--edit FILE', reject: '--reject REASON', ask_again: '--ask-again NOTE' }[answer] ?? answer;
}
