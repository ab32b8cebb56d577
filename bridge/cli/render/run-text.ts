/** One run, or one batch, as its journals show it. Pure. */
import type { BatchJournal } from '../../journals/batch-journal.ts';
import { modelsOf, modelsText } from '../../views/batch-results.ts';
import { attemptText, awaited, modelWaits } from '../../journals/model-waits.ts';
import { type RunTree, waitingOf } from '../../journals/runs.ts';
import { type Spent, spentBy, spentByInvocation, spentText } from '../../journals/spent.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import type { TargetStanding } from '../../views/target-standing.ts';
import { openTasks } from '../../views/task-view.ts';
import { wrap } from '../../terminal/lines.ts';
import { harmless, type Paint } from '../../terminal/terminal.ts';
import { journalsOf, type TimelineRow, timeline, timelineText } from './timeline.ts';

/** With `allowed`, the timeline also says which rules allowed what. */
export function runText(tree: RunTree, width: number, paint: Paint, allowed = false): string {
  const { address, agent, context } = tree;
  const { invocation, version } = context;
  const rows = timeline(journalsOf(tree));
  const waiting = waitingOf(tree);
  const spent = spentBy(tree);
  const words = spentText(spent);
  const counted = [
    `${rows.length} entries`,
    `${spent.usage.turns} model turns`,
    ...(words === '' ? [] : [words]),
    modelsText(modelsOf(tree)) ?? 'no model answered',
    span(rows),
  ];
  return [
    paint.strong(harmless(address.run)),
    `${agent} ${version} on ${harmless(invocation?.subject ?? 'no subject')}, tenant ${address.tenant}, as of ${invocation?.as_of ?? ''}`,
    counted.join(', '),
    ...(waiting
      ? wrap(`waits for a person, ${waiting.rule}: ${harmless(waiting.reason)}`, width).map(paint.attention)
      : []),
    ...modelWaits(tree).flatMap((wait) => wrap(modelWaitText(wait), width).map(paint.attention)),
    ...openTasks(tree).map(({ task }) => paint.attention(harmless(`task ${task}`))),
    '',
    ...branches(tree, paint),
    '',
    timelineText(rows, width, paint, allowed),
  ].join('\n');
}

function modelWaitText(wait: ReturnType<typeof modelWaits>[number]): string {
  const { agent, path, error, at } = wait;
  const day = `${at.slice(0, 19).replace('T', ' ')} UTC`;
  const again = wait.worker ? `since ${day}` : `asked again at ${day}${attemptText(wait)}`;
  return `${agent} ${path} waits for ${awaited(wait)}, ${error.code}: ${harmless(error.message)}; ${again}`;
}

export function batchJournalText(
  batch: BatchJournal,
  standing: readonly TargetStanding[],
  spent: Spent,
  width: number,
  paint: Paint,
  allowed = false,
): string {
  const { address, start, entries, state, context } = batch;
  const rows = timeline([{ path: address.path, entries }]);
  const runs = standing.map(({ target, run, words }) => [cell(target), cell(words), cell(run)]);
  const why = context.error && `${context.error.code}: ${harmless(context.error.message)}`;
  return [
    paint.strong(harmless(address.run)),
    `batch of ${start.schedule}, ${state}, tenant ${address.tenant}, as of ${start.as_of}`,
    [`${entries.length} entries`, ...[spentText(spent)].filter((text) => text !== ''), span(rows)].join(', '),
    ...(why === null ? [] : wrap(why, width).map(paint.bad)),
    '',
    renderTable([{ title: 'Target' }, { title: 'Outcome' }, { title: 'Run', whole: true }], runs, { width, paint }),
    '',
    timelineText(rows, width, paint, allowed),
  ].join('\n');
}

/** The invocations, each below the one that delegated to it; `stem` leads to this one, `below` to those under it. */
function branches(
  { agent, address, state, entries, children }: RunTree,
  paint: Paint,
  stem = '',
  below = '',
): string[] {
  const spent = spentText(spentByInvocation({ entries }), { dated: false });
  const counted = `${state}, ${entries.length} entries${spent === '' ? '' : `, ${spent}`}`;
  const under = children.flatMap((child, i) => {
    const isLast = i === children.length - 1;
    return branches(child, paint, `${below}${isLast ? '└─ ' : '├─ '}`, `${below}${isLast ? '   ' : '│  '}`);
  });
  return [`${stem}${agent} ${paint.faint(address.path)}  ${counted}`, ...under];
}

function span(rows: readonly TimelineRow[]): string {
  const first = rows[0]?.at ?? '';
  const last = rows.at(-1)?.at ?? first;
  return `${first.slice(0, 19).replace('T', ' ')} UTC, ${((Date.parse(last) - Date.parse(first)) / 1000).toFixed(2)} s`;
}
