/**
 * Answers a question to a person.
 *
 * 1. A decision is mail; it counts when it stands in the journal with every verdict holding. Only then is it said to be done.
 * 2. The same decision may be sent again: it is answered as it was, and decides nothing twice. Its id holds a digest of all
 *    that it says, so that something else under the caller's own id is another decision, judged by itself.
 * 3. Who lost a race is told who decided, what and when; whoever is not asked is told only that.
 */
import { PlatformError } from '../../config/errors.ts';
import type { TaskState } from '../../runtime/context/invocation.ts';
import { digestOf } from '../../runtime/digest.ts';
import type { Decision, Edits } from '../../runtime/journal/entry.ts';
import { abortsAfter } from '../../runtime/time-limit.ts';
import type { HumanDecision, HumanTaskView } from '../contract/human-schemas.ts';
import { untilFound } from '../follow/watch.ts';
import { type Asked, findTask } from '../views/human.ts';
import type { Platform } from '../platform/platform.ts';
import { readInvocation, type RunTree } from '../journals/runs.ts';
import { checkServed } from '../platform/served-agents.ts';
import { decidersText, decisionsOf, EXPIRED, mayDecide, reasonsOf, tasksOf } from '../views/task-view.ts';

/** How long a worker may take to journal a decision. */
const WAIT_MS = 15_000;

export interface DecideOptions {
  /** Whose question it must be; any tenant's when absent. */
  tenant?: string;
  waitMs?: number;
  /** Ends the wait earlier: the decision stays queued. */
  signal?: AbortSignal;
}

/**
 * Decides, and returns the question as the journal has it then. It is given by its id, or as it was found.
 * @throws PlatformError `human.unknown`, `human.not_yours`, `human.decided`, `human.expired`, `human.refused`, `run.ended`,
 * `run.unserved`;
 * `human.unconfirmed` when no worker took the decision in time: it is queued, and may be sent again
 */
export async function decideTask(
  platform: Platform,
  question: string | Asked,
  said: HumanDecision,
  { tenant, waitMs = WAIT_MS, signal }: DecideOptions = {},
): Promise<HumanTaskView> {
  const { runtime } = platform;
  const asked = typeof question === 'string' ? await findTask(platform, question, tenant) : question;
  const { id } = asked.task;
  const decision = decisionOf(id, said, runtime.now());
  checkDecider(asked.task, decision);
  const before = settledTask(asked.tree, id, decision.id);
  if (before) return before;

  const { tree } = asked;
  await checkServed(platform, tree.agent, 'the question');
  const trace = tree.context.invocation?.trace ?? { correlation_id: tree.address.run };
  const edits: Edits | null = said.edits ? (said.edits as Edits) : null;
  await runtime.mailer.post({ ...tree.address, agent: tree.agent }, { type: 'human.decided', decision, edits }, trace);

  const late = abortsAfter(waitMs);
  const ends = signal ? AbortSignal.any([signal, late]) : late;
  const last = tree.entries.at(-1)?.seq ?? 0;
  const after = await untilFound(platform, tree.address, ends, async ({ path }, { seq }) => {
    const now = path === tree.address.path && seq > last ? await readInvocation(runtime.journal, tree.address) : null;
    return now && settledTask(now, id, decision.id);
  });
  if (after) return after;
  const { deferred } = (await readInvocation(runtime.journal, tree.address))?.context ?? {};
  const why = deferred
    ? `no worker that could has taken it yet (${deferred.lacks.at(-1)})`
    : 'no worker has taken it yet';
  throw new PlatformError(
    'human.unconfirmed',
    `the decision is queued, but ${why}; it counts when one does: send the same again to see`,
  );
}

/** (2) */
function decisionOf(task: string, said: HumanDecision, now: Date): Decision {
  const { answer, by, role = null, note = '', edits = null } = said;
  const digest = digestOf({ task, answer, by, role, note, edits }).slice(0, 32);
  const id = said.decision_id === undefined ? digest : `${said.decision_id}.${digest}`;
  return { id, task, answer, by, role, note, at: now.toISOString() };
}

/**
 * The question once the decision of that id counts; null while it is still open and the decision has not been judged.
 * Throws why it does not count, and never will. (2) (3)
 */
function settledTask(tree: RunTree, id: string, decisionId: string): HumanTaskView | null {
  const task = tasksOf(tree).find((each) => each.task === id);
  if (!task) return null;
  const { decision } = task;
  if (decision?.id === decisionId) return task;
  const where = { details: { task: id } };
  if (decision) {
    const { by, role, answer, at, note } = decision;
    const who = role === null ? by : `${by} (${role})`;
    throw new PlatformError(
      'human.decided',
      `${who} has decided already, at ${at}: ${answer}${note === '' ? '' : `, ${note}`}`,
      { details: { task: id, decision } },
    );
  }
  if (task.state === 'expired') {
    const what = `nobody decided by ${task.due ?? ''}: it was ${EXPIRED[task.on_expiry]}`;
    throw new PlatformError('human.expired', what, where);
  }
  if (task.state === 'closed') {
    const { cancelled } = tree.context;
    const why = cancelled ? `it was cancelled by ${cancelled.by}: ${cancelled.reason}` : `it is ${tree.state}`;
    throw new PlatformError('run.ended', `nobody is asked any more: ${tree.agent} of ${task.run}: ${why}`, where);
  }
  const judged = decisionsOf(tree.entries, id).find((event) => event.decision.id === decisionId);
  if (!judged) return null;
  throw new PlatformError('human.refused', `the question stays open: ${reasonsOf(judged.verdicts).join('; ')}`, where);
}

/** Whoever is not asked leaves no trace; all else is judged by the machine, which has it in its journal. */
function checkDecider({ decides }: TaskState, { by, role }: Decision): void {
  if (mayDecide(decides, { by, role })) return;
  const who = role === null ? by : `${by} (${role})`;
  throw new PlatformError('human.not_yours', `this question is for ${decidersText(decides)}, not for ${who}`);
}
