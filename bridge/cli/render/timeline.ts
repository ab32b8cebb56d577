/** Journals in words: what happened, entry by entry, over all invocations of a run. Pure. */
import type { HumanTask, JournaledEvent, JudgedCall, Timer, Verdict } from '../../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../../runtime/journal/journal.ts';
import type { Json } from '../../../runtime/json.ts';
import { allowedLines, type EventVerdict, isOfEdit, verdictsOf } from '../../journals/event-verdicts.ts';
import { flattenTree, type RunTree } from '../../journals/runs.ts';
import { spentByTurn, spentText } from '../../journals/spent.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import { decidersText, EXPIRED } from '../../views/task-view.ts';
import type { Paint } from '../../terminal/terminal.ts';

export interface TimelineRow {
  /** Stream sequence: the order in which the entries of all its invocations were appended. */
  seq: number;
  /** ISO time. */
  at: string;
  path: string;
  agent: string;
  state: string;
  events: string[];
  /** One item per event, in words. */
  words: string[];
  /** Every rule that was asked, those that allowed included. */
  verdicts: EventVerdict[];
}

export interface Journaled {
  path: string;
  entries: readonly StoredEntry[];
}

export function journalsOf(tree: RunTree): Journaled[] {
  return flattenTree(tree).map(({ address, entries }) => ({ path: address.path, entries }));
}

/** All entries of these journals, in the order they were appended. */
export function timeline(journals: readonly Journaled[]): TimelineRow[] {
  return journals.flatMap(({ path, entries }) => rowsOf(path, entries)).sort((a, b) => a.seq - b.seq);
}

/** With `allowed`, each row also says which rules allowed what. */
export function timelineText(rows: readonly TimelineRow[], width: number, paint: Paint, allowed = false): string {
  const columns = [
    { title: 'Entry', align: 'right' } as const,
    ...['Time', 'Agent', 'State', 'What happened'].map((title) => ({ title })),
  ];
  const cells = rows.map(({ seq, at, path, agent, state, words, verdicts }) => [
    cell(String(seq), 'faint'),
    cell(at.slice(11, 23), 'faint'),
    cell(`${agent} ${path}`),
    cell(state, toneOf(state)),
    cell([...words, ...(allowed ? allowedLines(verdicts) : [])]),
  ]);
  return renderTable(columns, cells, { width, paint });
}

function toneOf(state: string): 'attention' | 'bad' | undefined {
  if (state === 'waiting_for_human') return 'attention';
  return state === 'failed' || state === 'refused' || state === 'cancelled' ? 'bad' : undefined;
}

/** What the events of one journal refer to. */
interface Known {
  turn: number;
  calls: Map<number, JudgedCall>;
  /** Path → agent. */
  children: Map<string, string>;
  tasks: HumanTask[];
  deadline: Timer | null;
}

function rowsOf(path: string, entries: readonly StoredEntry[]): TimelineRow[] {
  const known: Known = { turn: 0, calls: new Map(), children: new Map(), tasks: [], deadline: null };
  return entries.map(({ seq, at, agent, state, events }) => {
    const told = events.map((event) => {
      learn(known, event);
      return { words: eventText(event, known), verdicts: verdictsOf(event, known.turn, known.calls) };
    });
    const words = told.flatMap((each) => each.words);
    const verdicts = told.flatMap((each) => each.verdicts);
    return { seq, at, path, agent, state, events: events.map(({ type }) => type), words, verdicts };
  });
}

function learn(known: Known, event: JournaledEvent): void {
  if (event.type === 'model.replied') {
    known.turn += 1;
    for (const call of event.calls) {
      known.calls.set(call.ordinal, call);
      if (call.delegate) known.children.set(call.delegate.path, call.delegate.agent);
    }
  }
  const task = event.type === 'escalated' ? event.escalation.task : 'task' in event ? event.task : undefined;
  if (task) known.tasks.push(task);
  if (event.type === 'deadline.moved') known.deadline = event.to;
  else if ('deadline' in event && event.deadline) known.deadline = event.deadline;
}

function eventText(event: JournaledEvent, { turn, calls, children, tasks, deadline }: Known): string[] {
  switch (event.type) {
    case 'invoked':
      return [asked(event)];
    case 'admitted':
      return [`admitted by ${event.worker}`];
    case 'refused':
      return failing(event.verdicts).map((verdict) => `refused by ${verdict}`);
    case 'resumed':
      return [`resumed by ${event.worker}, delivery ${event.delivery}`];
    case 'deferred':
      return [`left to other workers by ${event.worker}: ${event.lacks}`];
    case 'model.replied':
      return replied(event, turn);
    case 'model.failed':
      return [
        `the model failed, ${event.error.code}: ${event.error.message}`,
        ...(event.request_id === undefined ? [] : [`request ${event.request_id}`]),
        ...(event.retry ? [`asked again at ${event.retry.at.slice(11, 19)}`] : []),
      ];
    case 'timer.fired':
      return [fired(event.name, tasks, deadline)];
    case 'tool.settled': {
      const name = calls.get(event.ordinal)?.name ?? `call ${event.ordinal}`;
      if (!event.ok) return [`${name} failed: ${short(event.result)}`];
      const { created } = event;
      const made = created?.event
        ? `: ${created.event.topic} ${created.event.id}`
        : created?.memory
          ? `: ${created.memory}`
          : '';
      return [`${name} ok${made}`];
    }
    case 'child.reported':
      if ('run' in event) return [`${event.run} ${event.outcome}`];
      return [`${children.get(event.path) ?? event.report.agent} ${event.path} reported: ${event.report.outcome}`];
    case 'targets.listed':
      return [
        `${event.targets.length} targets listed`,
        ...(event.window === undefined ? [] : [`at most ${event.window} of their runs are open at once`]),
      ];
    case 'targets.started':
      return [`the runs of ${event.count} targets have begun`];
    case 'escalated': {
      const { rule, target, reason, task } = event.escalation;
      const to = target === 'human' ? 'a person' : 'its parent';
      return [`escalated to ${to} by ${rule}: ${reason}`, ...(task ? [askedOf(task)] : [])];
    }
    case 'human.decided':
      // What a person put in place was judged anew: by which rules is told, whatever else is shown.
      return [...decided(event), ...allowedLines(verdictsOf(event, turn, calls).filter(isOfEdit))];
    case 'deadline.moved':
      return [`deadline moved to ${event.to.at}`];
    case 'failed':
      return [
        `failed, ${event.error.code}: ${event.error.message}`,
        ...('task' in event && event.task ? [askedOf(event.task)] : []),
      ];
    case 'retried':
      return [`retried by ${event.by}`];
    case 'cancelled':
      return [`cancelled by ${event.by}: ${event.reason}`];
    case 'completed':
      return ['completed'];
  }
}

function asked(event: Extract<JournaledEvent, { type: 'invoked' }>): string {
  if ('batch' in event) {
    const { schedule, as_of, only } = event.batch;
    return `asked to run ${schedule} as of ${as_of}${only ? ` for ${only.join(', ')}` : ''}`;
  }
  const { parent, instructions } = event.invocation;
  return `asked${parent ? ` by ${parent.agent}` : ''}: ${instructions}`;
}

/** The n-th question of a journal expires by the timer `due-<n>`. */
function fired(name: string, tasks: readonly HumanTask[], deadline: Timer | null): string {
  const task = tasks.find((_, at) => name === `due-${at + 1}`);
  if (task) return `nobody decided ${task.id} by ${task.due ?? ''}: ${EXPIRED[task.on_expiry]}`;
  return name === deadline?.name ? `it did not end by ${deadline.at}: failed` : `timer ${name} fired`;
}

function replied(event: Extract<JournaledEvent, { type: 'model.replied' }>, turn: number): string[] {
  const { calls, verdicts, escalation, report, model, request_id } = event;
  const spent = spentText(spentByTurn(event), { dated: false });
  const told = [model, spent, request_id ?? ''].filter((text) => text !== '').join(', ');
  const cost = ` (${told})`;
  const made = calls.filter((call) => call.kind !== 'report').map((call) => call.name);
  const next = made.length > 0 ? made.join(', ') : report ? 'the report' : 'no call';
  const refused = calls.flatMap((call) =>
    failing(call.verdicts).map((verdict) => `${call.name} refused by ${verdict}`),
  );
  // A rule that escalates is told by the event that follows.
  const sentBack = escalation === null ? failing(verdicts).map((verdict) => `sent back by ${verdict}`) : [];
  return [`turn ${turn}: ${next}${cost}`, ...refused, ...sentBack];
}

function askedOf({ id, decides, due }: HumanTask): string {
  return `task ${id} for ${decidersText(decides)}${due === null ? '' : `, due ${due}`}`;
}

const DECIDED = { approve: 'approved', edit: 'approved with edits', reject: 'rejected', ask_again: 'sent back' };

function decided({ decision, verdicts }: Extract<JournaledEvent, { type: 'human.decided' }>): string[] {
  const { answer, by, role, note, task } = decision;
  const who = role === null ? by : `${by} (${role})`;
  const refused = failing(verdicts);
  if (refused.length > 0) return [`${answer} of ${task} by ${who} did not count`, ...refused];
  return [`${DECIDED[answer]} by ${who}${note === '' ? '' : `: ${note}`}`];
}

function failing(verdicts: readonly Verdict[]): string[] {
  return verdicts.filter(({ ok }) => !ok).map(({ rule, reason }) => `${rule}: ${reason}`);
}

function short(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}
