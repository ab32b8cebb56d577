import pMap from 'p-map';
import { AT_ONCE } from '../../../runtime/at-once.ts';
import { isReached } from '../../../actors/batch/machine.ts';
import { type BatchJournal, readBatch, runsOf } from '../../journals/batch-journal.ts';
import { modelsOf, modelsText } from '../../views/batch-results.ts';
import { findRoot } from '../../views/find-runs.ts';
import { unreadableJournals, type OnUnreadable, orUnreadable } from '../../views/unreadable.ts';
import { modelWaits } from '../../journals/model-waits.ts';
import { batchJournalText, runText } from '../render/run-text.ts';
import { flattenTree, readRun, type RunTree, summarise } from '../../journals/runs.ts';
import { addSpent, nothingSpent, type Spent, spentBy, spentByInvocation } from '../../journals/spent.ts';
import { standingOf, type TargetStanding } from '../../views/target-standing.ts';
import { tasksOf } from '../../views/task-view.ts';
import { journalsOf, timeline } from '../render/timeline.ts';
import type { Records } from '../../platform/records.ts';
import { type Session, withRecords } from '../session/session.ts';

export interface RunsShowOptions {
  verdicts?: boolean;
}

/** Prints a run or batch of any tenant, or of the one that the settings name. */
export async function showRun(session: Session, run: string, { verdicts = false }: RunsShowOptions): Promise<number> {
  const { json, width, paint, say, sayJson, note } = session;
  const { onUnreadable, tell } = unreadableJournals();
  const { batch, targets, tree } = await withRecords(session, async (records) => {
    const address = await findRoot(records, run, session.settings.tenant);
    const { journal } = records.runtime;
    const found = await readBatch(journal, address);
    const targets = found ? await readTargets(records, found, onUnreadable) : { standing: [], spent: nothingSpent() };
    return { batch: found, targets, tree: found ? null : await readRun(journal, address) };
  });
  tell(note);
  if (batch) {
    const { standing, spent } = targets;
    if (json) sayJson({ ...batchDocument(batch, standing), ...spent });
    else say(batchJournalText(batch, standing, spent, width, paint, verdicts));
  } else if (tree) {
    if (json) sayJson(runDocument(tree));
    else say(runText(tree, width, paint, verdicts));
  }
  return 0;
}

/** What became of a batch's targets, and what their runs used up, as far as their journals can be read. */
async function readTargets(
  { runtime }: Records,
  batch: BatchJournal,
  onUnreadable: OnUnreadable,
): Promise<{ standing: TargetStanding[]; spent: Spent }> {
  let spent = nothingSpent();
  const read = async (each: { target: string; run: string }): Promise<TargetStanding> => {
    const address = { ...batch.address, run: each.run };
    const begun = isReached(batch.context, each.run);
    const tree = begun ? await orUnreadable(address, readRun(runtime.journal, address), onUnreadable) : null;
    if (tree) spent = addSpent(spent, spentBy(tree));
    return standingOf(batch, each, tree);
  };
  return { standing: await pMap(runsOf(batch), read, AT_ONCE), spent };
}

function runDocument(tree: RunTree): Record<string, unknown> {
  const { run, tenant } = tree.address;
  const { outcome, report, waiting, error } = summarise('', tree);
  const { subject = null, as_of = null } = tree.context.invocation ?? {};
  const entries = timeline(journalsOf(tree));
  const tasks = flattenTree(tree).flatMap(tasksOf);
  const head = { run, tenant, agent: tree.agent, subject, as_of, outcome, waiting, tasks, error, ...spentBy(tree) };
  return {
    ...head,
    model: modelsText(modelsOf(tree)),
    model_waits: modelWaits(tree),
    tree: branch(tree),
    entries,
    report,
  };
}

function branch({ address, agent, state, entries, children }: RunTree): Record<string, unknown> {
  const head = { path: address.path, agent, state, entries: entries.length, ...spentByInvocation({ entries }) };
  return { ...head, children: children.map(branch) };
}

function batchDocument(batch: BatchJournal, standing: readonly TargetStanding[]): Record<string, unknown> {
  const { address, start, state, context, entries } = batch;
  return {
    batch: address.run,
    tenant: address.tenant,
    schedule: start.schedule,
    as_of: start.as_of,
    state,
    error: context.error,
    runs: standing.map(({ target, run, outcome, state }) => ({ target, run, outcome, state })),
    entries: timeline([{ path: address.path, entries }]),
  };
}
