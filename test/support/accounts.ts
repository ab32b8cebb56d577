import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { AccountLifecycle, AccountMetrics, Measure } from '../../packs/customer-success/facts.ts';
import { Playbook } from '../../packs/customer-success/playbook.ts';
import type {
  AgentReport,
  CallRecord,
  Conversation,
  Json,
  JsonObject,
  Player,
  PlayerTurn,
  Recalled,
} from '../../runtime/sdk.ts';
import { noUsage } from '../../runtime/report.ts';

/** Accounts as literals, and a loop that plays an agent against given results: no data folder, no server. */
export const AS_OF = '2026-11-16';

const PLAYBOOK = new URL('../../packs/customer-success/playbook.yaml', import.meta.url);
export const playbook: Playbook = Playbook.parse(parse(readFileSync(PLAYBOOK, 'utf8')));

export function measure(value: number | null, now: number | null, before: number | null, window: string): Measure {
  return { value, now, before, window, reason: value === null ? 'the data does not cover it' : null };
}

/** Acme's figures; `over` replaces any of them. */
export function metrics(over: Partial<AccountMetrics> = {}): AccountMetrics {
  return {
    account_id: 'acme-corp',
    account_name: 'Acme Corp',
    as_of: AS_OF,
    usage_rows: 4000,
    weekly_active_users: measure(-0.35, 65, 100, '30 days'),
    feature_adoption: measure(-0.1, 9, 10, '30 days'),
    escalated_tickets: measure(2, 2, 0, '14 days'),
    tickets: measure(5, 5, 3, '14 days'),
    nps: measure(-5, 20, 25, '60 days'),
    ...over,
  };
}

/** Nothing moves. */
export function calm(over: Partial<AccountMetrics> = {}): AccountMetrics {
  return metrics({
    weekly_active_users: measure(0.01, 101, 100, '30 days'),
    feature_adoption: measure(0, 10, 10, '30 days'),
    escalated_tickets: measure(0, 0, 0, '14 days'),
    nps: measure(2, 27, 25, '60 days'),
    ...over,
  });
}

export function lifecycle(over: Partial<AccountLifecycle> = {}): AccountLifecycle {
  return {
    account_id: 'acme-corp',
    account_name: 'Acme Corp',
    as_of: AS_OF,
    stage: 'active',
    plan_tier: 'growth',
    mrr_usd: 4200,
    renewal_date: '2027-01-15',
    renewal_days: 60,
    account_age_days: 780,
    owner: 'Dana Reyes',
    owner_channel: '#cs-dana',
    contacts: [{ name: 'Priya Nair', role: 'Head of Operations' }],
    ...over,
  };
}

export function renewalIn(days: number | null): Partial<AccountLifecycle> {
  return { renewal_days: days, renewal_date: days === null ? null : shift(AS_OF, days) };
}

/** A memory `age` days before the as-of date. */
export function memory(age: number, over: Partial<Recalled> = {}): Recalled {
  const date = shift(AS_OF, -age);
  return { id: `m-${age}`, subject: 'acme-corp', date, age_days: age, score: 0.5, text: 'A note.', ...over };
}

export function assessed(age: number, assessment: string, over: Partial<Recalled> = {}): Recalled {
  return memory(age, {
    kind: 'assessment',
    assessment,
    text: `Risk assessment for Acme Corp: ${assessment}.`,
    ...over,
  });
}

/** What the mission's story says memory knows of Acme. */
export const ACME_HISTORY: Recalled[] = [
  assessed(91, 'watch', {
    resolved_by: 'self',
    text: 'Watch for acme-corp: usage slipped and came back without intervention.',
  }),
  memory(426, {
    kind: 'outcome',
    dip_percent: 30,
    text: 'Renewed for a year after a large usage dip. Usage came back in the weeks before.',
  }),
];

function shift(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

/** What each tool answers: a result, or an Error as a tool error. A list answers one call after the other. */
export type Answers = Record<string, unknown>;

export interface Played {
  /** All turns, the last one included. */
  turns: PlayerTurn[];
  calls: CallRecord[];
  /** Names of the calls, turn by turn. */
  names: string[][];
  /** Text and data of `submit_report`; null when the agent ended otherwise. */
  report: { text: string; data: JsonObject } | null;
}

/** Plays an agent to its end: a report, a reply without calls, or an escalation. */
export function play(player: Player, task: Partial<Conversation['task']>, answers: Answers = {}): Played {
  const calls: CallRecord[] = [];
  const turns: PlayerTurn[] = [];
  for (let turn = 0; turn < 10; turn += 1) {
    const conversation: Conversation = {
      agent: 'an_agent',
      task: {
        instructions: 'Weekly health check',
        payload: {},
        subject: 'acme-corp',
        as_of: AS_OF,
        facts: {},
        ...task,
      },
      calls: structuredClone(calls),
      tools: [],
    };
    const next = player(conversation);
    turns.push(next);
    for (const { name, input } of next.calls ?? []) {
      const answer = answers[name] ?? { id: `${name}-1` };
      const failed = answer instanceof Error;
      calls.push({ name, input, ok: !failed, result: failed ? answer.message : (structuredClone(answer) as Json) });
    }
    const last = next.calls?.at(-1);
    const ended =
      last === undefined || last.name === 'submit_report' || (last.name === 'escalate' && !('escalate' in answers));
    if (ended) {
      const report = last?.name === 'submit_report' ? (last.input as { text: string; data: JsonObject }) : null;
      return { turns, calls, names: turns.map((t) => (t.calls ?? []).map((call) => call.name)), report };
    }
  }
  throw new Error('the player did not come to an end in ten turns');
}

/** An agent's report as the runtime assembles it. */
export function agentReport(agent: string, over: Partial<AgentReport> = {}): AgentReport {
  return {
    agent,
    version: '0.1.0',
    definition: 'd',
    run: 'r',
    path: '0',
    subject: 'acme-corp',
    as_of: AS_OF,
    outcome: 'completed',
    text: 'Text.',
    data: null,
    model: 'rehearsal',
    usage: noUsage(),
    cost_usd: 0,
    waited_ms: 0,
    events: [],
    memories: [],
    children: [],
    error: null,
    ...over,
  };
}
