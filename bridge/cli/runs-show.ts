import { outcomeOf } from '../../actors/batch/machine.ts';
import { type BatchJournal, readBatch, runsOf } from '../batch-journal.ts';
import { usageOf } from '../batch-results.ts';
import { findRoot } from '../find-runs.ts';
import { batchJournalText, runText } from '../run-text.ts';
import { flattenTree, readRun, type RunTree, summarise } from '../runs.ts';
import { tasksOf } from '../task-view.ts';
import { journalsOf, timeline } from '../timeline.ts';
import type { RunsShowOptions } from './runs.ts';
import { type Session, withPlatform } from './session.ts';

/** Prints a run or batch of any tenant, or of the one that the settings name. */
export async function showRun(session: Session, run: string, { verdicts = false }: RunsShowOptions): Promise<number> {
  const { json, width, paint, say, sayJson } = session;
  const { batch, tree } = await withPlatform(session, async (platform) => {
    const address = await findRoot(platform, run, session.settings.tenant);
    const { journal } = platform.runtime;
    const found = await readBatch(journal, address);
    return { batch: found, tree: found ? null : await readRun(journal, address) };
  });
  if (batch) {
    if (json) sayJson(batchDocument(batch));
    else say(batchJournalText(batch, width, paint, verdicts));
  } else if (tree) {
    if (json) sayJson(runDocument(tree));
    else say(runText(tree, width, paint, verdicts));
  }
  return 0;
}

function runDocument(tree: RunTree): Record<string, unknown> {
  const { run, tenant } = tree.address;
  const { outcome, report, waiting, error } = summarise('', tree);
  const { subject = null, as_of = null } = tree.context.invocation ?? {};
  const entries = timeline(journalsOf(tree));
  const tasks = flattenTree(tree).flatMap(tasksOf);
  const head = { run, tenant, agent: tree.agent, subject, as_of, outcome, waiting, tasks, error, usage: usageOf(tree) };
  return { ...head, tree: branch(tree), entries, report };
}

function branch({ address, agent, state, entries, children }: RunTree): Record<string, unknown> {
  return { path: address.path, agent, state, entries: entries.length, children: children.map(branch) };
}

function batchDocument(batch: BatchJournal): Record<string, unknown> {
  const { address, start, state, context, entries } = batch;
  return {
    batch: address.run,
    tenant: address.tenant,
    schedule: start.schedule,
    as_of: start.as_of,
    state,
    error: context.error,
    runs: runsOf(batch).map(({ target, run }) => ({ target, run, outcome: outcomeOf(context, run) ?? null })),
    entries: timeline([{ path: address.path, entries }]),
  };
}
