/** Questions to people as journals show them: the views that doors answer with. Pure. */
import type { Address } from '../../runtime/address.ts';
import { type InvocationContext, openTask, type TaskState } from '../../runtime/context/invocation.ts';
import type { Deciders, Decision, HumanTask, InvocationEvent, Verdict } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { Json, JsonObject } from '../../runtime/json.ts';
import { ANSWERS } from '../../runtime/policy/decision.ts';
import { RECALL_MEMORY } from '../../runtime/tools/builtin.ts';
import type { HumanTaskDetail, HumanTaskView } from '../contract/human-schemas.ts';
import { flattenTree, type RunTree } from '../journals/runs.ts';

type Replied = Extract<InvocationEvent, { type: 'model.replied' }>;
type Decided = Extract<InvocationEvent, { type: 'human.decided' }>;
type Standing = HumanTaskView['state'];
type Answer = Decision['answer'];

/** Where a task is asked, read from the end of its id: a run id may hold dots itself. Null for what is no task's id. */
export function parseTaskId(id: string): { run: string; path: string } | null {
  const [, run, path] = /^(.+)\.(0(?:-[1-9]\d*)*)\.[1-9]\d*$/s.exec(id) ?? [];
  return run === undefined || path === undefined ? null : { run, path };
}

/** Whether a person is still asked: the invocation waits, or has failed and may go on. */
export function isAsking(task: TaskState, state: string, context: InvocationContext): boolean {
  if (openTask(context)?.id !== task.id) return false;
  return task.kind === 'quarantine' ? state === 'failed' : state === 'waiting_for_human';
}

/** The question that an invocation waits with; null when nobody is asked. */
export function askingTask({ state, context }: Pick<RunTree, 'state' | 'context'>): TaskState | null {
  const task = openTask(context);
  return task && isAsking(task, state, context) ? task : null;
}

/** The open questions of a run's whole tree, in the order of the tree. */
export function openTasks(tree: RunTree): HumanTaskView[] {
  return flattenTree(tree).flatMap((each) => {
    const task = askingTask(each);
    return task ? [taskOf(each, task)] : [];
  });
}

/** Every question that an invocation has asked, oldest first. */
export function tasksOf(tree: RunTree): HumanTaskView[] {
  return tree.context.tasks.map((task) => taskOf(tree, task));
}

function taskOf(tree: RunTree, task: TaskState): HumanTaskView {
  const subject = tree.context.invocation?.subject ?? null;
  const where = { ...tree.address, agent: tree.agent, subject };
  return taskView(where, task, standing(task, tree), task.decision);
}

function standing(task: TaskState, { state, context }: RunTree): Standing {
  if (task.decision) return 'decided';
  if (task.expired) return 'expired';
  return isAsking(task, state, context) ? 'open' : 'closed';
}

export function taskView(
  { run, tenant, path, agent, subject }: Address & { agent: string; subject: string | null },
  { id, kind, rules, question, decides, opened, due, on_expiry }: HumanTask,
  state: Standing,
  decision: Decision | null,
): HumanTaskView {
  const who = { name: decides.name, role: decides.role };
  const what = { task: id, state, kind, run, tenant, path, agent, subject, rules, question, decides: who };
  return { ...what, opened, due, on_expiry, decision: decision && decisionView(decision) };
}

function decisionView({ id, answer, by, role, note, at }: Decision): NonNullable<HumanTaskView['decision']> {
  return { id, answer, by, role, note, at };
}

/** All that a person needs to decide. `tree` is the invocation that asks, `root` its whole run. */
export function taskDetail(root: RunTree, tree: RunTree, task: TaskState): HumanTaskDetail {
  const { context, entries } = tree;
  const held = holdsNoTurn(task) ? null : heldTurn(entries, task.turn);
  const view = taskOf(tree, task);
  const wants = {
    calls: (held?.calls ?? []).flatMap(({ ordinal, name, kind, input, verdicts }) =>
      kind === 'escalate' || kind === 'report' ? [] : [{ ordinal, name, kind, input, refused: failing(verdicts) }],
    ),
    report: held?.report ?? null,
  };
  const judged = held ? [...held.verdicts, ...held.calls.flatMap((call) => call.verdicts)] : [];
  const verdicts = judged.filter(({ ok }) => !ok);
  return {
    ...view,
    as_of: context.invocation?.as_of ?? '',
    definition: context.definition,
    answers: view.state === 'open' ? answersTo(task.kind, wants) : [],
    wants,
    evidence: {
      facts: context.facts,
      verdicts: [...verdicts, ...(held ? raisedVerdicts(task, held, verdicts) : [])],
      memories: citedMemories(context, JSON.stringify(wants)),
    },
    error: holdsNoTurn(task) ? context.error : null,
    refused: decisionsOf(entries, task.id).flatMap(({ decision, verdicts: said }) => {
      const reasons = reasonsOf(said);
      return reasons.length > 0 ? [{ decision: decisionView(decision), reasons }] : [];
    }),
    earlier: flattenTree(root)
      .flatMap(tasksOf)
      .filter((each) => each.task !== task.id)
      .sort((a, b) => (a.opened < b.opened ? -1 : 1)),
  };
}

function holdsNoTurn({ kind }: HumanTask): boolean {
  return kind === 'quarantine' || kind === 'model';
}

/** The request that a question is about, the model having refused it: its turn as `runs prompt` counts, and its provider's id. */
export function refusedRequest(
  entries: readonly StoredEntry[],
  task: string,
): { turn: number; request_id: string | null } | null {
  let turn = 1;
  for (const event of entries.flatMap((entry) => entry.events)) {
    if (event.type === 'model.replied') turn += 1;
    if (event.type === 'model.failed' && event.escalation?.task?.id === task) {
      return { turn, request_id: event.request_id ?? null };
    }
  }
  return null;
}

/** The turn that a question holds, as the model made it. */
function heldTurn(entries: readonly StoredEntry[], ordinal: number): Replied | null {
  for (const event of entries.flatMap((entry) => entry.events)) {
    if (event.type === 'model.replied' && event.ordinal === ordinal) return event;
  }
  return null;
}

/** The rules that the agent itself asks by: nothing was judged, its word is all there is. */
function raisedVerdicts({ rules }: HumanTask, { calls }: Replied, verdicts: readonly Verdict[]): Verdict[] {
  const raised = rules.filter((rule) => !verdicts.some((each) => each.rule === rule || each.rule.endsWith(`.${rule}`)));
  return raised.flatMap((rule) => {
    const input = calls.find(({ kind, input: each }) => kind === 'escalate' && conditionOf(each) === rule)?.input;
    if (input === undefined) return [];
    const { reason = '' } = input as { reason?: string };
    return [{ rule, ok: false, reason: reason === '' ? 'the agent asks' : `the agent asks: ${reason}` }];
  });
}

function conditionOf(input: Json): unknown {
  return (input as { condition?: unknown } | null)?.condition;
}

/** Every decision about a task that reached the journal, those that did not count included. */
export function decisionsOf(entries: readonly StoredEntry[], task: string): Decided[] {
  return entries
    .flatMap((entry) => entry.events)
    .filter((event) => event.type === 'human.decided')
    .filter(({ decision }) => decision.task === task);
}

/** What can be answered to a question: where nothing is held, there is nothing to edit. */
function answersTo(kind: HumanTask['kind'], { calls, report }: HumanTaskDetail['wants']): Answer[] {
  return ANSWERS[kind].filter((answer) => answer !== 'edit' || calls.length > 0 || report !== null);
}

/** Recalled memories whose id occurs in a text; all of them when it names none. */
function citedMemories(context: InvocationContext, text: string): JsonObject[] {
  const recalled = context.turns
    .flatMap((turn) => turn.calls)
    .filter(({ name, status }) => name === RECALL_MEMORY && status === 'ok')
    .flatMap(({ result }) => (result as { memories: ({ id: string } & JsonObject)[] }).memories);
  const byId = new Map(recalled.map((memory) => [memory.id, memory]));
  const cited = [...byId.values()].filter(({ id }) => text.includes(id));
  return cited.length > 0 ? cited : [...byId.values()];
}

export function reasonsOf(verdicts: readonly Verdict[]): string[] {
  return verdicts.filter(({ ok }) => !ok).map(({ rule, reason }) => `${rule}: ${reason}`);
}

function failing(verdicts: readonly Verdict[]): string | null {
  return reasonsOf(verdicts)[0] ?? null;
}

/** `Dana Fox or anyone with the role operator`. */
export function decidersText({ name, role }: Deciders): string {
  return name === null ? `anyone with the role ${role}` : `${name} or anyone with the role ${role}`;
}

/** What a question that nobody decided in time has become. */
export const EXPIRED: Record<HumanTask['on_expiry'], string> = {
  refuse: 'refused',
  approve: 'approved',
  escalate: 'escalated',
};

/** Whether somebody is among those who may decide: by name, whatever its case, or by role. */
export function mayDecide({ name, role }: Deciders, who: { by: string; role: string | null }): boolean {
  return who.role === role || (name !== null && plain(name) === plain(who.by));
}

function plain(name: string): string {
  return name.trim().toLowerCase();
}
