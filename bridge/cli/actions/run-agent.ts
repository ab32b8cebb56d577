import type { JsonObject } from '../../../runtime/json.ts';
import { namedData } from '../../../config/data-setting.ts';
import { PlatformError } from '../../../config/errors.ts';
import type { Address } from '../../../runtime/address.ts';
import { answeredBy, isFailure, modelsOf, modelsText } from '../../views/batch-results.ts';
import { retryText, seconds } from '../render/batch-text.ts';
import { startRun } from '../../commands/start-run.ts';
import { findRun } from '../../views/find-runs.ts';
import { dataOf, type Platform } from '../../platform/platform.ts';
import { startProgress } from '../../terminal/progress.ts';
import { ENDED } from '../../contract/run-states.ts';
import { reportText } from '../render/report-text.ts';
import { readRun, type RunTree, summarise, waitingOf } from '../../journals/runs.ts';
import { settleRun } from '../../follow/settle.ts';
import { spentBy, spentText } from '../../journals/spent.ts';
import { openTasks } from '../../views/task-view.ts';
import { tellWaits } from '../render/tell-waits.ts';
import { resumeModelWaits } from '../../commands/resume-model-waits.ts';
import { retryCommand, showCommand } from '../render/hints.ts';
import { stoppedBy } from '../session/interruption.ts';
import { answersItself, rightWorker } from '../session/right-worker.ts';
import { type Session, withPlatformUntil } from '../session/session.ts';
import { startedOtherwise } from './started-otherwise.ts';
import { waitingText } from '../render/waiting.ts';

export interface RunOptions {
  payload: JsonObject;
  instructions?: string;
  runId?: string;
  asOf?: string;
}

const INSTRUCTIONS = 'Do your task for this payload.';

/** Starts one run (or takes up the one of that id) and prints its report. */
export async function runAgent(session: Session, agent: string, options: RunOptions): Promise<number> {
  return withPlatformUntil(session, async (platform, signal) => {
    const started = performance.now();
    const existing = await findExisting(platform, agent, options);
    const settled = existing !== null && hasSettled(existing);
    const tree = settled ? existing : await finish(session, platform, signal, agent, options, existing);
    if (!settled && answersItself(platform, existing?.context.invocation?.model)) session.noteModel();
    return present(session, tree, Math.round(performance.now() - started));
  });
}

async function findExisting(platform: Platform, agent: string, options: RunOptions): Promise<RunTree | null> {
  const { settings, runtime } = platform;
  const hosted = runtime.catalog.agent(agent);
  if (options.runId === undefined || !hosted) return null;
  const [address] = await findRun(platform, options.runId, dataOf(settings, hosted.pack).tenant);
  if (!address) return null;
  const tree = await readRun(runtime.journal, address);
  if (!tree) throw new PlatformError('run.exists', `${options.runId} is a batch; give --run-id another id`);
  const named = namedData(settings.data, hosted.pack.manifest.metadata.name);
  const data = named === undefined ? undefined : dataOf(settings, hosted.pack).folder;
  const problem = startedOtherwise(tree, { ...options, agent, data });
  if (problem === null) return tree;
  throw new PlatformError('run.exists', problem);
}

function hasSettled(tree: RunTree): boolean {
  return ENDED.has(tree.state) || waitingOf(tree) !== null;
}

async function finish(
  session: Session,
  platform: Platform,
  signal: AbortSignal,
  agent: string,
  { payload, instructions = INSTRUCTIONS, runId, asOf }: RunOptions,
  existing: RunTree | null,
): Promise<RunTree> {
  const request = { agent, instructions, payload, ...(runId !== undefined && { run: runId }), ...(asOf && { asOf }) };
  const model = existing?.context.invocation?.model;
  const beside = await rightWorker(platform, { what: `the run ${runId}`, agent, model });
  const { address } = await startRun(platform, request, { takesUp: true });
  await beside(signal, async (ends) => {
    const progress = startProgress(process.stderr, `${agent}: run ${address.run}`, 1, session.json);
    const waits = tellWaits({ runs: 1, say: progress.say, now: platform.runtime.now });
    try {
      if (existing) await resumeModelWaits(platform, address.tenant, [address.run]);
      const settled = await settleRun(platform, address, { signal: ends, onEntry: waits.take });
      if (!settled) throw stoppedBy(ends, `the same command with \`--run-id ${address.run}\` finishes it`);
    } finally {
      waits.stop();
      progress.stop();
    }
  });
  return read(platform, address);
}

async function read(platform: Platform, address: Address): Promise<RunTree> {
  const tree = await readRun(platform.runtime.journal, address);
  if (!tree) throw new PlatformError('run.unknown', `there is no journal of the run ${address.run}`);
  return tree;
}

function present(session: Session, tree: RunTree, wallMs: number): number {
  const { json, width, paint, say, sayJson, settings } = session;
  const summary = summarise('', tree);
  const { run, outcome, report, waiting, error } = summary;
  const { subject = null, as_of = '' } = tree.context.invocation ?? {};
  const model = modelsText(modelsOf(tree));
  const spent = spentBy(tree);
  const spentWords = spentText(spent);
  const tasks = openTasks(tree);
  if (json) {
    const head = { run, agent: tree.agent, subject, outcome, model, as_of, report, waiting, tasks, error };
    sayJson({ ...head, wall_ms: wallMs, ...spent });
  } else {
    const header = [
      `${paint.strong(tree.agent)} on ${subject ?? 'no subject'} as of ${paint.strong(as_of)}, ${answeredBy(model, paint)}`,
      `run ${run}: ${outcome}; ${spent.usage.turns} model turns in ${seconds(wallMs)}`,
      ...(spentWords === '' ? [] : [spentWords]),
    ];
    const asks = tasks.flatMap((task) => [
      waitingText(task, settings, width, paint, tree.context.invocation?.model),
      '',
    ]);
    const again = retryText(summary, { retryRun: (id) => retryCommand(id, settings) });
    const went = `how it went: ${showCommand(run, settings)}`;
    const next = again === null ? [went] : [again, went];
    say([...header, '', reportText(tree, width, paint), '', ...asks, ...next].join('\n'));
  }
  return isFailure(summary) ? 1 : 0;
}
