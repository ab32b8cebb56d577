/** A question to a person as a terminal shows it. Pure. */
import type { Json } from '../../../runtime/json.ts';
import type { HumanTaskDetail, HumanTaskView } from '../../contract/human-schemas.ts';
import { type Cell, cell, NOTHING, renderTable } from '../../terminal/table.ts';
import { decidersText, EXPIRED } from '../../views/task-view.ts';
import { wrap } from '../../terminal/lines.ts';
import { harmless, type Paint, spacedJson } from '../../terminal/terminal.ts';

const INDENT = '  ';
/** Characters of a question in a list; all of it is shown with the task. */
const SHOWN_QUESTION = 100;
const EXPIRY = {
  refuse: 'then it is refused',
  approve: 'then it goes on as if approved',
  escalate: 'then it is handed to whoever started it',
};

export function tasksText(tasks: readonly HumanTaskView[], width: number, paint: Paint): string {
  const shows = tasks.some(({ state }) => state !== 'open');
  const columns = [
    { title: 'Task', whole: true },
    ...['Subject', 'Agent', ...(shows ? ['State'] : []), 'For', 'Due (UTC)', 'Question'].map((title) => ({ title })),
  ];
  const rows = tasks.map((task): Cell[] => [
    cell(task.task),
    cell(task.subject ?? NOTHING),
    cell(task.agent),
    ...(shows ? [cell(stateText(task), task.state === 'open' ? 'attention' : undefined)] : []),
    cell(task.decides.name ?? task.decides.role),
    cell(task.due === null ? 'never' : minute(task.due)),
    cell(shortened(task.question)),
  ]);
  return renderTable(columns, rows, { width, paint });
}

function shortened(question: string): string {
  return question.length <= SHOWN_QUESTION ? question : `${question.slice(0, SHOWN_QUESTION)}…`;
}

function stateText({ state, decision, on_expiry }: HumanTaskView): string {
  if (state === 'expired') return `expired: ${EXPIRED[on_expiry]}`;
  return decision ? `${decision.answer} by ${decision.by}` : state;
}

export function taskText(task: HumanTaskDetail, width: number, paint: Paint): string {
  const text = (each: string): string => wrap(harmless(each), width).join('\n');
  const about = `${task.agent} ${task.path} of ${task.run} on ${task.subject ?? 'no subject'} as of ${task.as_of}`;
  const due = task.due === null ? 'never due' : `due ${minute(task.due)}, ${EXPIRY[task.on_expiry]}`;
  const { facts, verdicts, memories } = task.evidence;
  const parts = [
    [
      paint.strong(harmless(task.task)),
      text(about),
      text(`for ${decidersText(task.decides)}; asked ${minute(task.opened)}, ${due}`),
      paint.attention(standingText(task)),
    ],
    [text(task.question)],
    section('it wants to', wantedLines(task, width), paint),
    section('the rules say', verdictLines(task, verdicts, width), paint),
    section('the memories', memories.map(shown).flatMap(indented(width)), paint),
    section('the facts', Object.entries(facts).flatMap(fact(width)), paint),
    section('answers that did not count', refusedLines(task).flatMap(indented(width)), paint),
    section('other questions of this run', earlierLines(task).flatMap(indented(width)), paint),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function standingText({ state, kind, decision, due, on_expiry }: HumanTaskDetail): string {
  if (decision) {
    const { answer, by, role, at, note } = decision;
    const who = role === null ? by : `${by} (${role})`;
    return harmless(`${answer} by ${who} at ${minute(at)}${note === '' ? '' : `: ${note}`}`);
  }
  if (state === 'expired' && due !== null) return `nobody decided by ${minute(due)}: ${EXPIRED[on_expiry]}`;
  return state === 'open' ? `open: ${kind}` : state;
}

function section(title: string, lines: string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : [paint.strong(`${title}:`), ...lines];
}

function wantedLines({ wants, error }: HumanTaskDetail, width: number): string[] {
  const calls = wants.calls.flatMap(({ ordinal, name, input, refused }) => [
    `${INDENT}${name} (call ${ordinal})${refused === null ? '' : `, which would be refused by ${refused}`}`,
    ...block(input, width),
  ]);
  const { report } = wants;
  const data = report && report.data !== null ? block(report.data, width) : [];
  const told = report ? [`${INDENT}report`, ...paragraphs(report.text, width), ...data] : [];
  return [...calls, ...told, ...(error ? indented(width)(`go on after ${error.code}: ${error.message}`) : [])];
}

/** What several rules say in the same words is said once. */
function verdictLines(
  { rules }: HumanTaskDetail,
  verdicts: HumanTaskDetail['evidence']['verdicts'],
  width: number,
): string[] {
  const said = new Map<string, Set<string>>();
  for (const { rule, reason } of verdicts) said.set(reason, (said.get(reason) ?? new Set()).add(rule));
  const lines = [...said].map(([reason, by]) => `${[...by].join(', ')}: ${reason}`);
  return (lines.length > 0 ? lines : rules).flatMap(indented(width));
}

function refusedLines({ refused }: HumanTaskDetail): string[] {
  return refused.map(({ decision, reasons }) => `${decision.answer} by ${decision.by}: ${reasons.join('; ')}`);
}

function earlierLines({ earlier }: HumanTaskDetail): string[] {
  return earlier.map((task) => `${task.task}, ${stateText(task)}: ${task.question}`);
}

function fact(width: number): (entry: [string, Json]) => string[] {
  return ([name, value]) => indented(width)(`${name}: ${shown(value)}`);
}

function indented(width: number): (text: string) => string[] {
  return (text) => wrap(harmless(text), width - INDENT.length).map((line) => INDENT + line);
}

function paragraphs(text: string, width: number): string[] {
  return indented(width)(text.trimEnd()).map((line) => INDENT + line);
}

/** JSON over several lines; what is too long for one hangs below its own beginning. */
function block(value: Json, width: number): string[] {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .flatMap((line) => {
      const deep = INDENT + INDENT + ' '.repeat(line.length - line.trimStart().length);
      return wrap(harmless(line.trimStart()), width - deep.length).map((part) => deep + part);
    });
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : spacedJson(value);
}

/** `2026-11-16 06:00` of an ISO time. */
function minute(at: string): string {
  return at.slice(0, 16).replace('T', ' ');
}
