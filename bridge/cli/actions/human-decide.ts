import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { PlatformError } from '../../../config/errors.ts';
import { type Address, rootOf } from '../../../runtime/address.ts';
import { Edits, HumanDecision, type HumanTaskView } from '../../contract/human-schemas.ts';
import { checkRequest, parseRequest } from '../../contract/parse.ts';
import { untilAtRest } from '../../follow/at-rest.ts';
import { decideTask } from '../../commands/decide.ts';
import { type Asked, findTask } from '../../views/human.ts';
import type { Platform } from '../../platform/platform.ts';
import { reportText } from '../render/report-text.ts';
import { type RunTree, summarise } from '../../journals/runs.ts';
import { openTasks } from '../../views/task-view.ts';
import { stoppedBy } from '../session/interruption.ts';
import { type BesideWorker, ownWorker, rightWorker } from '../session/right-worker.ts';
import { type Session, withPlatformUntil } from '../session/session.ts';
import { showCommand } from '../render/hints.ts';
import { resumeModelWaits } from '../../commands/resume-model-waits.ts';
import { waitingText } from '../render/waiting.ts';

export interface HumanDecideOptions {
  approve?: true;
  reject?: string;
  askAgain?: string;
  edit?: string;
  by?: string;
  role?: string;
  note?: string;
  decisionId?: string;
  wait: boolean;
}

/** Answers a question by a worker of its own or by whatever worker is alive, and tells what came of it. */
export async function decide(session: Session, id: string, options: HumanDecideOptions): Promise<number> {
  const said = decisionOf(options);
  const { tenant } = session.settings;
  return withPlatformUntil(session, async (platform, signal) => {
    const asked = await findTask(platform, id, tenant);
    const right = workerOf(platform, asked);
    const beside = options.wait ? await right : await right.catch(otherwiseOwn(platform));
    const { task, tree } = await beside(signal, async (ends) => {
      const decided = await decideTask(platform, asked, said, { signal: ends }).catch((error) => {
        throw ends.aborted ? stoppedBy(ends, 'the decision is queued; the same command again tells') : hinted(error);
      });
      if (!session.json) session.note(doneText(decided));
      if (options.wait) await resumeModelWaits(platform, decided.tenant, [decided.run]);
      return { task: decided, tree: options.wait ? await followed(platform, decided, ends) : null };
    });
    return present(session, task, tree);
  });
}

/** Whoever takes the decision is to go on with the run, so it must be one that may ask the run's model. */
async function workerOf(platform: Platform, { tree }: Asked): Promise<BesideWorker> {
  const { agent, address } = tree;
  const orElse = '--no-wait to leave it to such a worker';
  return rightWorker(platform, {
    what: `the run ${address.run}`,
    agent,
    model: tree.context.invocation?.model,
    orElse,
  });
}

/** Where nobody may ask the model, the decision is taken all the same, and the run goes on when somebody may. */
function otherwiseOwn(platform: Platform): (error: unknown) => BesideWorker {
  return (error) => {
    if (error instanceof PlatformError && error.code === 'usage.invalid') return ownWorker(platform);
    throw error;
  };
}

function hinted(error: unknown): unknown {
  if (!(error instanceof PlatformError) || error.code !== 'human.not_yours') return error;
  const message = `${error.message}\nsay who you are with --by NAME, or as what you decide with --role ROLE`;
  return new PlatformError(error.code, message, { cause: error });
}

async function followed(platform: Platform, { tenant, run }: HumanTaskView, signal: AbortSignal): Promise<RunTree> {
  const address: Address = rootOf({ tenant, run });
  const tree = await untilAtRest(platform, address, signal);
  if (tree === null) throw stoppedBy(signal, `the decision counts; \`runs show ${run}\` tells what came of it`);
  return tree;
}

function present(session: Session, task: HumanTaskView, tree: RunTree | null): number {
  const { json, width, paint, say, sayJson, settings } = session;
  const tasks = tree ? openTasks(tree) : [];
  const { outcome, report, error } = tree ? summarise('', tree) : { outcome: null, report: null, error: null };
  if (json) sayJson({ task, run: task.run, outcome, report, error, tasks });
  else if (tree) {
    const model = tree.context.invocation?.model;
    const asks = tasks.map((each) => waitingText(each, settings, width, paint, model));
    say([reportText(tree, width, paint), ...asks, `how it went: ${showCommand(task.run, settings)}`].join('\n\n'));
  }
  return outcome === 'failed' ? 1 : 0;
}

function doneText({ task, decision }: HumanTaskView): string {
  return `done: ${task} is decided: ${decision?.answer} by ${decision?.by}`;
}

/** @throws PlatformError `usage.invalid` */
function decisionOf({
  approve,
  reject,
  askAgain,
  edit,
  by,
  role,
  note,
  decisionId,
}: HumanDecideOptions): HumanDecision {
  const answers = [
    ...(approve ? [{ answer: 'approve' as const, why: undefined }] : []),
    ...(reject !== undefined ? [{ answer: 'reject' as const, why: reject }] : []),
    ...(askAgain !== undefined ? [{ answer: 'ask_again' as const, why: askAgain }] : []),
    ...(edit !== undefined ? [{ answer: 'edit' as const, why: undefined }] : []),
  ];
  const [only, ...more] = answers;
  if (!only || more.length > 0) {
    const got = answers.map(({ answer }) => answer).join(' and ') || 'none';
    throw usage(`human decide takes one of --approve, --reject REASON, --ask-again NOTE and --edit FILE, got ${got}`);
  }
  const words = [only.why, note].filter((text) => text !== undefined).join('\n');
  const said = {
    answer: only.answer,
    by: by ?? userInfo().username,
    ...(role !== undefined && { role }),
    ...(words !== '' && { note: words }),
    ...(edit !== undefined && { edits: readEdits(edit) }),
    ...(decisionId !== undefined && { decision_id: decisionId }),
  };
  return asUsage('the decision', () => checkRequest(HumanDecision, said));
}

function readEdits(file: string): Edits {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw usage(`--edit takes a JSON file: ${(cause as Error).message}`);
  }
  return asUsage(file, () => parseRequest(Edits, bytes));
}

function asUsage<T>(what: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof PlatformError) throw usage(`${what}: ${error.message}`);
    throw error;
  }
}

function usage(message: string): PlatformError {
  return new PlatformError('usage.invalid', message);
}
