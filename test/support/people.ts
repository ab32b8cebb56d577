/** Runs of the library pack in which a person is asked: the book is rare. */
import type { HumanDecision } from '../../bridge/contract/human-schemas.ts';
import type { HumanTaskView } from '../../bridge/contract/human-schemas.ts';
import { decideTask } from '../../bridge/commands/decide.ts';
import { settleRun } from '../../bridge/follow/settle.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { openTasks } from '../../bridge/views/task-view.ts';
import type { PlayerTurn } from '../../runtime/model/player.ts';
import type { TestPlatform } from './platform.ts';

export const RARE = 'first-folio';
const LOOK: PlayerTurn['calls'] = [{ name: 'look_up', input: { book: RARE } }];
const EMIT: PlayerTurn['calls'] = [{ name: 'emit_event', input: { topic: 'overdue', data: { book: RARE } } }];

/** Looks up the rare book and then emits, for which a person is asked. */
export const EMITTING = { book: RARE, script: [LOOK, EMIT] };
/** Looks up the rare book and then reports, for which a person is asked. */
export const REPORTING = { book: RARE, script: [LOOK] };

export const OPERATOR = { by: 'ada', role: 'operator' } as const;
export const APPROVE: HumanDecision = { answer: 'approve', ...OPERATOR };

export const request = (run: string, payload: object = EMITTING) =>
  ({ agent: 'librarian', instructions: 'Take stock.', payload: payload as never, run }) as const;

/** A run that waits, and its question. */
export async function asked(
  { run }: TestPlatform,
  id: string,
  payload: object = EMITTING,
): Promise<{ tree: RunTree; task: HumanTaskView }> {
  const tree = await run(request(id, payload));
  const [task] = openTasks(tree);
  if (!task) throw new Error(`nobody is asked: the run is ${tree.state}`);
  return { tree, task };
}

/** Decides, and waits until the run has ended or asks again. */
export async function decided(
  { platform, worker }: TestPlatform,
  task: HumanTaskView,
  said: HumanDecision,
): Promise<{ task: HumanTaskView; tree: RunTree }> {
  const after = await decideTask(platform, task.task, said, { tenant: task.tenant });
  const address = { tenant: task.tenant, run: task.run, path: '0' };
  await settleRun(platform, address, { signal: new AbortController().signal });
  await worker.settled();
  const tree = await readRun(platform.runtime.journal, address);
  if (!tree) throw new Error(`there is no run ${task.run}`);
  return { task: after, tree };
}

/** The code and message of what an action throws. */
export async function refusal(action: Promise<unknown>): Promise<[code: string, message: string]> {
  const thrown: unknown = await action.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown === null) throw new Error('it was not refused');
  const { code = '', message } = thrown as Error & { code?: string };
  return [code, message];
}
