import { outcomeOf } from '../../actors/batch/machine.ts';
import { type BatchJournal, readBatch, runsOf } from '../batch-journal.ts';
import { findRoot } from '../find-runs.ts';
import { batchJournalText, runText } from '../run-text.ts';
import { flattenTree, readRun, type RunTree, summarise } from '../runs.ts';
import { addSpent, nothingSpent, type Spent, spentBy } from '../spent.ts';
import { tasksOf } from '../task-view.ts';
import { journalsOf, timeline } from '../timeline.ts';
import type { Platform } from '../platform.ts';
import type { RunsShowOptions } from './runs.ts';
import { type Session, withPlatform } from './session.ts';

/** Prints a run or batch of any tenant, or of the one that the settings name. */
export async function showRun(session: Session, run: string, { verdicts = false }: RunsShowOptions): Promise<number> {
  const { json, width, paint, say, sayJson } = session;
  const { batch, spent, tree } = await withPlatform(session, async (platform) => {
    const address = await findRoot(platform, run, session.settings.tenant);
    const { journal } = platform.runtime;
    const found = await readBatch(journal, address);
    const spent = found ? await spentByBatch(platform, found) : nothingSpent();
    return { batch: found, spent, tree: found ? null : await readRun(journal, address) };
  });
  if (batch) {
    if (json) sayJson({ ...batchDocument(batch), ...spent });
    else say(batchJournalText(batch, spent, width, paint, verdicts));
  } else if (tree) {
    if (json) sayJson(runDocument(tree));
    else say(runText(tree, width, paint, verdicts));
  }
  return 0;
}

const AT_ONCE = 64;

async function spentByBatch({ runtime }: Platform, batch: BatchJournal): Promise<Spent> {
  const runs = runsOf(batch);
  let spent = nothingSpent();
  for (let i = 0; i < runs.length; i += AT_ONCE) {
    const some = runs.slice(i, i + AT_ONCE).map(({ run }) => readRun(runtime.journal, { ...batch.address, run }));
    for (const tree of await Promise.all(some)) if (tree) spent = addSpent(spent, spentBy(tree));
  }
  return spent;
}

function runDocument(tree: RunTree): Record<string, unknown> {
  const { run, tenant } = tree.address;
  const { outcome, report, waiting, error } = summarise('', tree);
  const { subject = null, as_of = null } = tree.context.invocation ?? {};
  const entries = timeline(journalsOf(tree));
  const tasks = flattenTree(tree).flatMap(tasksOf);
  const head = { run, tenant, agent: tree.agent, subject, as_of, outcome, waiting, tasks, error, ...spentBy(tree) };
  return { ...head, tree: branch(tree), entries, report };
}

function branch({ address, agent, state, entries, context, children }: RunTree): Record<string, unknown> {
  const { usage, cost_usd } = context;
  const head = { path: address.path, agent, state, entries: entries.length, usage, cost_usd };
  return { ...head, children: children.map(branch) };
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
