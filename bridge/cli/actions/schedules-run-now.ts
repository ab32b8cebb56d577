import pMap from 'p-map';
import { AT_ONCE } from '../../../runtime/at-once.ts';
import { type BatchContext, isReached, outcomeOf, targetRun } from '../../../actors/batch/machine.ts';
import { type ErrorCode, PlatformError } from '../../../config/errors.ts';
import type { Address } from '../../../runtime/address.ts';
import type { LoadedPack } from '../../../runtime/definitions/resolved.ts';
import { type Batch, foldBatch } from '../../journals/batch-journal.ts';
import { type BatchResult, isFailure, modelsText, readResults, totalsOf } from '../../views/batch-results.ts';
import { batchText, type PrintedBatch, headerText, retryText, staleText } from '../render/batch-text.ts';
import { writeDocuments } from '../render/documents.ts';
import { openBatch, type StartedBatch } from '../../commands/start-batch.ts';
import type { Platform } from '../../platform/platform.ts';
import { startProgress } from '../../terminal/progress.ts';
import { reportText } from '../render/report-text.ts';
import { ENDED } from '../../contract/run-states.ts';
import { readRun, type RunTree, waitingOf } from '../../journals/runs.ts';
import { tellWaits } from '../render/tell-waits.ts';
import { settleBatch } from '../../follow/settle.ts';
import { resumeModelWaits } from '../../commands/resume-model-waits.ts';
import { decideCommand, retryCommand, showCommand } from '../render/hints.ts';
import { stoppedBy } from '../session/interruption.ts';
import { answersItself, rightWorker } from '../session/right-worker.ts';
import { type Session, withPlatformUntil } from '../session/session.ts';
import { waitingText } from '../render/waiting.ts';

export interface RunNowOptions {
  target?: string;
  asOf?: string;
  batch?: string;
}

/** Starts (or takes up) a batch, waits until all of it has settled, and prints the results. */
export async function runNow(session: Session, schedule: string, options: RunNowOptions): Promise<number> {
  return withPlatformUntil(session, async (platform, signal) => {
    const { asOf, batch, target } = options;
    const request = {
      schedule,
      ...(batch && { batch }),
      ...(asOf && { asOf }),
      ...(target !== undefined && { only: [target] }),
    };
    const started = performance.now();
    const opened = await openBatch(platform, request);
    const runs = opened.targets.map((id) => ({ target: id, run: targetRun(opened.address.run, id) }));
    const { existing } = opened;
    if (existing) await throwIfEnded(platform, existing);
    const settled = existing !== null && (await hasSettled(platform, existing, runs));
    if (!settled) {
      await finish(session, platform, signal, { schedule, opened, runs });
      if (answersItself(platform, existing?.start.model)) session.noteModel();
    }
    const wallMs = Math.round(performance.now() - started);
    const failure = await failureOf(platform, opened.address);
    const declared = platform.runtime.catalog.schedule(schedule);
    if (!declared) throw new PlatformError('schedule.unknown', `no schedule is called ${schedule}`);
    const { pack } = declared;
    const { tenant } = opened.address;
    // Of a batch that ended early, only so many runs were ever begun.
    const begun = failure === null ? runs : runs.filter(({ run }) => isReached(failure.context, run));
    const results = await readResults(platform, { pack, schedule, tenant, runs: begun, cutShort: failure !== null });
    const [only] = results;
    const address = only && { ...opened.address, run: only.summary.run };
    const single = target !== undefined;
    const tree = single && address ? await readRun(platform.runtime.journal, address) : null;
    // What was achieved and spent is told whatever ended the batch; then what did.
    if (failure === null || results.length > 0 || session.json) {
      present(session, platform, {
        schedule,
        pack,
        opened,
        results,
        wallMs,
        single,
        tree,
        error: failure?.why ?? null,
      });
    }
    if (failure !== null) throw failure.told;
    return results.some(({ summary }) => isFailure(summary)) ? 1 : 0;
  });
}

/** A batch in which nothing is left to do is only read: repeating it adds nothing. */
async function hasSettled(
  platform: Platform,
  { address, state, context }: Batch,
  runs: readonly { run: string }[],
): Promise<boolean> {
  const { journal } = platform.runtime;
  if (state !== 'running') return ENDED.has(state);
  const pending = runs.filter(({ run }) => outcomeOf(context, run) === null);
  let waits = true;
  const read = async ({ run }: { run: string }): Promise<void> => {
    const tree = waits ? await readRun(journal, { ...address, run }) : null;
    waits &&= tree !== null && waitingOf(tree) !== null;
  };
  await pMap(pending, read, AT_ONCE);
  return waits;
}

interface Followed {
  schedule: string;
  opened: StartedBatch;
  runs: readonly { run: string }[];
}

async function finish(
  session: Session,
  platform: Platform,
  signal: AbortSignal,
  { schedule, opened: { address, asOf, existing }, runs }: Followed,
): Promise<void> {
  const agent = platform.runtime.catalog.schedule(schedule)?.schedule.agent ?? '';
  const beside = await rightWorker(platform, { what: `the batch ${address.run}`, agent, model: existing?.start.model });
  await beside(signal, async (ends) => {
    const count = runs.length === 1 ? '1 target' : `${runs.length} targets`;
    const label = `${schedule} as of ${asOf}: ${count}, batch ${address.run}`;
    const progress = startProgress(process.stderr, label, runs.length, session.json);
    const waits = tellWaits({ runs: runs.length, say: progress.say, now: platform.runtime.now });
    try {
      const ids = runs.map(({ run }) => run);
      if (existing) {
        const { context } = existing;
        const open = ids.filter((run) => outcomeOf(context, run) === null && isReached(context, run));
        await resumeModelWaits(platform, address.tenant, open);
      }
      const settled = await settleBatch(platform, address, ids, {
        signal: ends,
        onSettled: () => progress.step(),
        onEntry: waits.take,
      });
      if (!settled) throw stoppedBy(ends, `the same command with \`--batch ${address.run}\` finishes it`);
    } finally {
      waits.stop();
      progress.stop();
    }
  });
}

/**
 * A batch that had ended before it was asked for is told as that: what was wrong then says nothing of now.
 * @throws PlatformError `run.batch_ended` when it has failed or was cancelled
 */
async function throwIfEnded({ runtime }: Platform, { address, state, context }: Batch): Promise<void> {
  if (state !== 'failed' && state !== 'cancelled') return;
  const last = await runtime.journal.tail(address);
  const at = last?.at.slice(0, 19).replace('T', ' ') ?? '';
  const { code = '', message = '' } = context.error ?? {};
  const why = state === 'cancelled' ? message : `${code}: ${message}`;
  throw new PlatformError(
    'run.batch_ended',
    `the batch ${address.run} ended at ${at} UTC as ${state}, ${why}\n` +
      `its result is kept, see \`runs show ${address.run}\`; to start a new batch, give --batch another id or leave it out`,
  );
}

interface Failure {
  context: BatchContext;
  why: { code: string; message: string };
  told: PlatformError;
}

/** Of a batch that ended just now; null when it did not fail. */
async function failureOf({ runtime, settings }: Platform, address: Address): Promise<Failure | null> {
  const batch = await foldBatch(runtime.journal, address);
  const why = batch?.context.error;
  if (!batch || !why) return null;
  const how = batch.state === 'cancelled' ? 'was cancelled' : 'failed';
  const shown = `what became of its runs: ${showCommand(address.run, settings)}`;
  const message = `the batch ${address.run} ${how}: ${why.message}\n${shown}`;
  return { context: batch.context, why, told: new PlatformError(why.code as ErrorCode, message) };
}

interface Outcome {
  schedule: string;
  pack: LoadedPack;
  opened: StartedBatch;
  results: BatchResult[];
  wallMs: number;
  /** One target was asked for: its report is printed. */
  single: boolean;
  /** Its run; null of several. */
  tree: RunTree | null;
  /** What ended the batch before its runs did; null when nothing did. */
  error: { code: string; message: string } | null;
}

function present(session: Session, platform: Platform, outcome: Outcome): void {
  const { settings, json, width, paint, say, sayJson, note } = session;
  const { schedule, pack, opened, results, wallMs, single, tree, error } = outcome;
  const batch = opened.address.run;
  const documents = writeDocuments(results, { stateDir: settings.stateDir, batch, cwd: process.cwd() });
  const view: PrintedBatch = {
    schedule,
    batch,
    asOf: opened.asOf,
    dataEnds: opened.dataEnds,
    today: platform.runtime.now().toISOString().slice(0, 10),
    model: modelsText(results.flatMap(({ models }) => models)),
    wallMs,
    columns: pack.manifest.schedules[schedule]?.columns ?? [],
    results,
    totals: totalsOf(results),
    documents,
    showRun: (run) => showCommand(run, settings),
    retryRun: (run) => retryCommand(run, settings),
    decide: (task, { began }) => decideCommand(task, settings, began),
  };
  const [only] = results;
  if (json) {
    const stale = staleText(view, paint);
    if (stale) note(stale);
    sayJson({ ...documentOf(view), error, ...(single && { report: only?.summary.report ?? null }) });
  } else if (tree && only) {
    const written = only.document ? `${only.document.field}: ${String(only.fields[only.document.field])}` : null;
    const lines = [
      headerText(view, paint),
      staleText(view, paint),
      `run ${only.summary.run}`,
      '',
      reportText(tree, width, paint),
      '',
      ...only.tasks.flatMap((task) => [waitingText(task, settings, width, paint, only.began), '']),
      written,
      only.error,
      retryText(only.summary, view),
      `how it went: ${view.showRun(only.summary.run)}`,
    ];
    say(lines.filter((line) => line !== null).join('\n'));
  } else say(batchText(view, width, paint));
}

function documentOf({ batch, schedule, model, asOf, results, totals, wallMs }: PrintedBatch): Record<string, unknown> {
  return {
    batch,
    schedule,
    model,
    as_of: asOf,
    results: results.map(({ target, summary, tasks, fields, error }) => ({
      target,
      run: summary.run,
      outcome: summary.outcome,
      ...fields,
      waiting: summary.waiting,
      tasks,
      error: summary.error,
      ...(error !== null && { row_error: error }),
    })),
    totals: {
      outcomes: totals.outcomes,
      ...totals.tallies,
      wall_ms: wallMs,
      usage: totals.usage,
      cost_usd: totals.cost_usd,
      prices_as_of: totals.prices_as_of,
      unpriced_tokens: totals.unpriced_tokens,
    },
  };
}
