import {
  type CallRecord,
  type Conversation,
  type JsonObject,
  type Player,
  type PlayerTurn,
  RECALL_MEMORY,
  resultOf,
} from 'agent-platform/sdk';
import { assess, type Decision } from '../assessment.ts';
import type { BriefingContext } from '../briefing-context.ts';
import { addBusinessDays, inWords } from '../calendar.ts';
import type { AccountLifecycle, AccountMetrics } from '../facts.ts';
import { plain, tellMemory, withoutInternals } from '../history.ts';
import { accountName, type Known, object, readFacts } from '../known.ts';
import type { Playbook } from '../playbook.ts';
import { internalsOf } from '../policy/internals.ts';
import { type RiskReport, type SignalLine, signalLine } from '../reports.ts';
import type { CsmAlert } from '../schemas.ts';
import { judgeSignals } from '../signals.ts';
import { talkingPoints } from '../talking-points.ts';
import { sentence } from 'agent-platform/text';
import { seesAllItsTurns } from './whole-conversation.ts';

/**
 * The whole history, as recall goes by score and an old dip may decide: as much as one recall returns, which is more than
 * nine years of weekly checks.
 */
const RECALL_LIMIT = 500;
const ATTEMPTS = 2;
/** Recall, once more when it failed, act, report. */
const TURNS = 4;

/** Plays risk_analysis: recall, decide, then emit, store and delegate in one turn (stable: only store), then report. */
export function riskAnalysis(playbook: Playbook): Player {
  return (conversation) => {
    seesAllItsTurns(conversation, TURNS);
    const recalls = named(conversation, 'recall_memory');
    const recalled = resultOf(conversation, RECALL_MEMORY);
    if (recalled === undefined) return recall(conversation, recalls);
    const known = readFacts({ ...conversation.task.facts, recall_memory: recalled });
    const verdict = decide(known, conversation.task.as_of, playbook);
    const turn = act(verdict);
    const undone = turn.calls.filter(({ name }) => isUndone(name, named(conversation, name)));
    if (undone.length > 0) return { ...turn, calls: undone };
    const stores = named(conversation, 'store_memory');
    if (stores.some((call) => call.ok)) return report(verdict, conversation);
    throw new Error(
      `the assessment could not be stored, and nothing is reported without it: ${String(stores.at(-1)?.result)}`,
    );
  };
}

interface Verdict {
  known: Known & { metrics: AccountMetrics; lifecycle: AccountLifecycle };
  name: string;
  decision: Decision;
  respond_by: string | null;
  talking_points: string[];
  /** The cited memories, each told with its age. */
  history: string[];
}

function recall({ task }: Conversation, recalls: CallRecord[]): PlayerTurn {
  if (recalls.length >= ATTEMPTS) {
    throw new Error(
      `memory could not be recalled, and no assessment is made without it: ${String(recalls.at(-1)?.result)}`,
    );
  }
  const name = accountName(readFacts(task.facts)) ?? 'the account';
  const query = `risk history of ${name}: assessments, usage dips, interventions, outcomes, quirks`;
  return {
    calls: [
      {
        name: 'recall_memory',
        input: { query, ...(task.subject === null ? {} : { subject: task.subject }), limit: RECALL_LIMIT },
      },
    ],
  };
}

function decide(known: Known, asOf: string, playbook: Playbook): Verdict {
  const { metrics, lifecycle } = known;
  if (metrics === null || lifecycle === null) {
    throw new Error(
      'risk analysis needs the metrics and the lifecycle of the account among its facts, and one is missing',
    );
  }
  const complete = { ...known, metrics, lifecycle };
  const decision = assess(
    {
      signals: judgeSignals(metrics, playbook),
      renewal_days: lifecycle.renewal_days,
      memories: known.memories ?? [],
      as_of: asOf,
    },
    playbook,
  );
  return {
    known: complete,
    name: accountName(known) ?? 'The account',
    decision,
    respond_by:
      decision.assessment === 'urgent_intervention' ? addBusinessDays(asOf, playbook.response.business_days) : null,
    talking_points: talkingPoints(decision, complete, playbook),
    history: decision.cited.map((memory) => tellMemory(memory, lifecycle)),
  };
}

/** Not made yet; or an alert or a memory that was refused or failed once: it is made once more. A briefing is asked for once. */
function isUndone(name: string, calls: CallRecord[]): boolean {
  const attempts = name === 'delegate_to_csm_briefing' ? 1 : ATTEMPTS;
  return calls.length < attempts && !calls.some((call) => call.ok);
}

function act(verdict: Verdict): PlayerTurn & Required<Pick<PlayerTurn, 'calls'>> {
  const { decision, name } = verdict;
  const because = [...decision.declining.map((signal) => sentence(signal.text)), ...decision.reasons].join(' ');
  const store = {
    name: 'store_memory',
    input: {
      text: `Risk assessment for ${name}: ${decision.assessment}. Reasons: ${because}${citations(decision)}`,
      kind: 'assessment',
      assessment: decision.assessment,
      ...(decision.dip_percent === null ? {} : { dip_percent: decision.dip_percent }),
    },
  };
  const text = [`${name}: ${plain(decision.assessment)}.`, because, ...verdict.history].join(' ');
  if (decision.assessment === 'stable') return { text, calls: [store] };
  const emit = { name: 'emit_event', input: { topic: 'csm_alerts', data: alert(verdict) } };
  const brief = {
    name: 'delegate_to_csm_briefing',
    input: { instructions: `Draft the briefing on ${name}.`, context: briefingContext(verdict) },
  };
  return { text, calls: [emit, store, brief] };
}

/** What the stored text cites, by date: that is what a later reader finds a memory by. */
function citations({ cited }: Decision): string {
  return cited.length === 0 ? '' : ` Memory: ${cited.map(({ date }) => date).join(', ')}.`;
}

/** Without `run`, which the runtime fills in. */
function alert({ decision, known, name, respond_by, talking_points }: Verdict): JsonObject {
  const payload: Omit<CsmAlert, 'run'> = {
    severity: decision.assessment === 'urgent_intervention' ? 'urgent' : 'watch',
    account_id: known.metrics.account_id,
    account_name: name,
    reasons: decision.declining.length > 0 ? decision.declining.map(signalLine) : [lastAssessmentAsReason(decision)],
    talking_points,
    respond_by,
  };
  return payload;
}

/** Nothing declines, and yet the account is watched: an alert says why. */
function lastAssessmentAsReason({ previous, reasons }: Decision): SignalLine {
  const window = previous === null ? 'no earlier assessment' : inWords(previous.age_days);
  return { metric: 'last_assessment', window, value: null, text: reasons[0] ?? 'The last assessment asks for it' };
}

function briefingContext({ decision, history, respond_by, talking_points }: Verdict): JsonObject {
  const { assessment, previous, declining, reasons } = decision;
  const context: BriefingContext = {
    assessment,
    previous: previous === null ? null : { assessment: previous.assessment, date: previous.date },
    signals: declining.map(signalLine),
    reasons,
    talking_points,
    history,
    respond_by,
  };
  return { ...context };
}

function report({ decision, known, name, respond_by, history }: Verdict, conversation: Conversation): PlayerTurn {
  const shown = (result: unknown) => withoutInternals(String(result), internalsOf(known, conversation.task.subject));
  const emitted = named(conversation, 'emit_event').at(-1);
  const undone =
    emitted === undefined || emitted.ok ? [] : [sentence(`The alert could not be sent: ${shown(emitted.result)}`)];
  const missing = decision.assessment === 'stable' ? null : briefingMissing(conversation);
  const data: RiskReport = {
    assessment: decision.assessment,
    previous: decision.previous?.assessment ?? null,
    changed: decision.changed,
    signals: decision.declining.map(signalLine),
    no_data: decision.no_data.map(signalLine),
    reasons: [...decision.reasons, ...history, ...undone],
    renewal_days: known.lifecycle.renewal_days,
    respond_by,
    cited: decision.cited.map(({ id, date, text }) => ({ id, date, text: withoutInternals(text, known.lifecycle) })),
    briefing_missing: missing === null ? null : shown(missing),
  };
  const text = [
    `${name}: ${plain(decision.assessment)} (${decision.changed}).`,
    ...decision.declining.map((signal) => sentence(signal.text)),
    ...data.reasons.map(sentence),
    ...(respond_by === null ? [] : [`Respond by ${respond_by}.`]),
    ...(data.briefing_missing === null ? [] : [`There is no briefing: ${sentence(data.briefing_missing)}`]),
  ].join(' ');
  return { calls: [{ name: 'submit_report', input: { text, data } }] };
}

function briefingMissing(conversation: Conversation): string | null {
  const call = named(conversation, 'delegate_to_csm_briefing').at(-1);
  if (call === undefined) return 'it was not asked for';
  if (!call.ok) return String(call.result) || 'the briefing agent failed';
  const child = object(call.result);
  if (child?.outcome === 'completed' && typeof child.text === 'string' && child.text !== '') return null;
  return String(object(child?.error ?? null)?.message ?? `the briefing agent ended as ${String(child?.outcome)}`);
}

function named({ calls }: Conversation, name: string): CallRecord[] {
  return calls.filter((call) => call.name === name);
}
