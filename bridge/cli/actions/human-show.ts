import type { TASK_FILTERS } from '../../contract/run-states.ts';
import type { Settings } from '../../../config/settings.ts';
import type { HumanTaskDetail, HumanTaskView } from '../../contract/human-schemas.ts';
import { detailOf, findTask, listTasks } from '../../views/human.ts';
import { unreadableJournals } from '../../views/unreadable.ts';
import type { RunTree } from '../../journals/runs.ts';
import { taskText, tasksText } from '../render/task-text.ts';
import { refusedRequest } from '../../views/task-view.ts';
import { decideCommand, promptCommand, showTaskCommand } from '../render/hints.ts';
import { type Session, withRecords } from '../session/session.ts';

export interface HumanListOptions {
  all?: true;
  state?: (typeof TASK_FILTERS)[number];
  limit: number;
}

export async function listHumanTasks(session: Session, { all, state, limit }: HumanListOptions): Promise<number> {
  const { json, width, paint, say, sayJson, settings } = session;
  const { tenant } = settings;
  const wanted = all ? 'all' : (state ?? 'open');
  const { onUnreadable, tell } = unreadableJournals();
  const tasks = await withRecords(session, (records) =>
    listTasks(records, { state: wanted, limit, onUnreadable, ...(tenant && { tenant }) }),
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
  const { asked, task } = await withRecords(session, async (records) => {
    const found = await findTask(records, id, settings.tenant);
    return { asked: found.tree, task: await detailOf(records, found) };
  });
  if (json) sayJson(task);
  else {
    const parts = [taskText(task, width, paint), refusedText(asked, task, settings), answerText(asked, task, settings)];
    say(parts.filter((part) => part !== '').join('\n\n'));
  }
  return 0;
}

/** Of a request that the model refused: what its provider knows it by, and where all of it can be read. */
function refusedText({ entries }: RunTree, task: HumanTaskView, settings: Settings): string {
  const refused = refusedRequest(entries, task.task);
  if (refused === null) return '';
  const seen = `to see what was sent: ${promptCommand(task, refused.turn, settings)}`;
  return refused.request_id === null ? seen : `the provider's id of the request: ${refused.request_id}\n${seen}`;
}

function answerText({ context }: RunTree, task: HumanTaskDetail, settings: Settings): string {
  if (task.state !== 'open') return '';
  const others = task.answers.filter((answer) => answer !== 'approve').map(option);
  const more = others.length === 0 ? '' : `\nor: ${others.join(', ')}`;
  return `to answer: ${decideCommand(task, settings, context.invocation?.model)}${more}`;
}

function option(answer: string): string {
  return { edit: '--edit FILE', reject: '--reject REASON', ask_again: '--ask-again NOTE' }[answer] ?? answer;
}
