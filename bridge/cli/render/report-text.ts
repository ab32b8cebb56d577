/** A run's consolidated report for people: every agent's own words, in full and unchanged. Pure. */
import { reportOf } from '../../../actors/invocation/report.ts';
import { flattenTree, type RunTree, waitingOf } from '../../journals/runs.ts';
import { wrap } from '../../terminal/lines.ts';
import { harmless, type Paint } from '../../terminal/terminal.ts';

/** One section per invocation, parents before their delegations. What an agent wrote is not wrapped. */
export function reportText(tree: RunTree, width: number, paint: Paint): string {
  const waiting = waitingOf(tree);
  const sections = flattenTree(tree).map((each) => section(each, paint));
  if (waiting) {
    const why = `waits for a person, ${waiting.rule}: ${harmless(waiting.reason)}`;
    sections.push(wrap(why, width).map(paint.attention).join('\n'));
  }
  return sections.join('\n\n');
}

function section({ agent, address, state, context }: RunTree, paint: Paint): string {
  const report = reportOf(state, context);
  const outcome = report?.outcome ?? (state === 'waiting_for_human' ? 'waiting' : state);
  const created = [
    ...(report?.events ?? []).map(({ topic, id }) => `emitted ${topic} ${id}`),
    ...(report?.memories ?? []).map((id) => `stored memory ${id}`),
  ];
  const error = report?.error ? `${report.error.code}: ${report.error.message}` : null;
  const text = report !== null && report.text !== report.error?.message ? report.text : null;
  return [
    `${paint.strong(`── ${agent}`)} ${outcomeText(outcome, paint)} ${paint.faint(`(${address.path})`)}`,
    ...[text, error].flatMap((each) => (each ? [harmless(each.trimEnd())] : [])),
    ...created.map((each) => paint.faint(harmless(each))),
  ].join('\n');
}

function outcomeText(outcome: string, paint: Paint): string {
  if (outcome === 'failed' || outcome === 'refused' || outcome === 'cancelled') return paint.bad(outcome);
  return outcome === 'waiting' ? paint.attention(outcome) : outcome;
}
