/** What a test does in the place of people: it looks at questions, answers them, lets their time pass, and cancels. */
import { PlatformError } from '../../config/errors.ts';
import { type Address, rootOf } from '../../runtime/address.ts';
import { dueTimer } from '../../runtime/context/invocation.ts';
import type { HumanDecision, HumanTaskDetail } from '../contract/human-schemas.ts';
import { untilAtRest } from '../follow/at-rest.ts';
import { cancelRun } from '../commands/cancel.ts';
import { decideTask } from '../commands/decide.ts';
import { untilFound } from '../follow/watch.ts';
import { findRoot } from '../views/find-runs.ts';
import { findTask, listTasks, showTask } from '../views/human.ts';
import { readInvocation, readRun, type RunTree } from '../journals/runs.ts';
import { askingTask } from '../views/task-view.ts';
import type { TestProcess } from './process.ts';

export interface TestPeople {
  /** Open questions, the most pressing first: of one run, or of all. */
  questions(run?: string): Promise<HumanTaskDetail[]>;
  /**
   * Answers a question, and returns its run when that has ended or waits again. Throws what a person would be told:
   * `human.unknown`, `human.not_yours`, `human.decided`, `human.expired`, `human.refused`, `run.ended`.
   */
  decide(task: string, said: HumanDecision): Promise<RunTree>;
  /** Lets the time of a question pass at once, and returns its run when that has ended or waits again. */
  expire(task: string): Promise<RunTree>;
  /** Cancels a run with all that it delegated, and returns it. Throws `run.unknown`, `run.ended`. */
  cancel(run: string, reason?: string): Promise<RunTree>;
}

const MOST_QUESTIONS = 1000;

export function testPeople({ platform, worker }: Pick<TestProcess, 'platform' | 'worker'>): TestPeople {
  const { journal, mailer } = platform.runtime;
  const { signal } = new AbortController();

  async function rested(address: Address): Promise<RunTree> {
    const tree = await untilAtRest(platform, rootOf(address), signal);
    // What its last step sends, such as the event of its report, is there before the test looks.
    await worker.settled();
    if (tree) return tree;
    throw new Error(`nothing is heard of ${address.run} any more`);
  }

  return {
    questions: async (run) => {
      const open = await listTasks(platform, { limit: MOST_QUESTIONS });
      const wanted = open.filter((each) => run === undefined || each.run === run);
      return Promise.all(wanted.map(({ task, tenant }) => showTask(platform, task, tenant)));
    },
    decide: async (id, said) => {
      const { tenant, run, path } = await decideTask(platform, id, said);
      return rested({ tenant, run, path });
    },
    expire: async (id) => {
      const { tree, task } = await findTask(platform, id);
      const { address, agent, context } = tree;
      const timer = dueTimer(context);
      if (askingTask(tree)?.id !== task.id || timer === null) {
        const why = task.due === null ? 'it is never due' : 'it is not open any more';
        throw new PlatformError('usage.invalid', `the question ${id} cannot expire: ${why}`);
      }
      const trace = context.invocation?.trace ?? { correlation_id: address.run };
      await mailer.post({ ...address, agent }, { type: 'timer.fired', name: timer.name }, trace);
      await untilFound(platform, address, signal, async () => {
        const now = await readInvocation(journal, address);
        return now && askingTask(now)?.id !== task.id ? now : null;
      });
      return rested(address);
    },
    cancel: async (run, reason = 'a test cancels it') => {
      const address = await findRoot(platform, run);
      if ((await readRun(journal, address)) === null) {
        throw new PlatformError('run.unknown', `${JSON.stringify(run)} is a batch: cancel its runs, one by one`);
      }
      await cancelRun(platform, address, { by: 'a test', reason });
      return rested(address);
    },
  };
}
