import pino from 'pino';
import { type CallState, emptyInvocation, type InvocationContext } from '../../runtime/context/invocation.ts';
import { loadPack } from '../../runtime/definitions/load.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import type { HumanTask } from '../../runtime/journal/entry.ts';
import type { Json, JsonObject } from '../../runtime/json.ts';
import type { ReplyBlock } from '../../runtime/model/provider.ts';
import { judgeTurn, type ModelReplied } from '../../runtime/policy/judge.ts';
import { failing, fails, holds } from '../../runtime/policy/verdict.ts';
import { inputProblems, inputSchemaOf } from '../../runtime/tools/inputs.ts';
import { ACME_HISTORY, AS_OF, lifecycle, metrics } from './accounts.ts';
import { CUSTOMER_SUCCESS } from './platform.ts';
import { sampleInvocation } from './samples.ts';

/**
 * Turns of the pack's agents, judged as a worker would: definitions, schemas, conditions and checks are the pack's own. No
 * model, no server.
 */
let loaded: Promise<LoadedPack> | undefined;

export function customerPack(): Promise<LoadedPack> {
  loaded ??= loadPack(CUSTOMER_SUCCESS, { log: pino({ level: 'silent' }) });
  return loaded;
}

export interface Before {
  facts?: Record<string, unknown>;
  /** Calls that were made before: name, input, and the result, an error, or the rule that refused it. */
  made?: { name: string; input?: unknown; result?: unknown; error?: string; refused?: string }[];
  payload?: JsonObject;
  /** Turns that were sent back. */
  corrections?: number;
  subject?: string;
}

/** What account_health_main knows after its reads, and risk_analysis is handed. */
export const ACCOUNT = { get_account_metrics: metrics(), get_account_lifecycle: lifecycle() };
export const RECALLED = { name: 'recall_memory', result: { memories: ACME_HISTORY } };
export const READ = [
  { name: 'get_account_metrics', result: ACCOUNT.get_account_metrics },
  { name: 'get_account_lifecycle', result: ACCOUNT.get_account_lifecycle },
];
/** What risk_analysis knows of Acme after its recall. */
export const REMEMBERED: Before = { facts: { ...ACCOUNT, recall_memory: RECALLED.result }, made: [RECALLED] };

/** A signal as calls and reports state it. */
export interface Line {
  metric: string;
  window?: string;
  value: number | null;
  text: string;
}

/** What calls, events and reports of the agents hold, as far as tests change it. */
export interface Data<Reason = Line> {
  account_id: string;
  account_name: string;
  severity: string;
  assessment: string;
  status: string;
  reason: string | null;
  reasons: Reason[];
  signals: Line[];
  talking_points: string[];
  cited: { id: string; date: string; text: string }[];
  respond_by: string | null;
  renewal_days: number | null;
  previous: string | null;
}

export interface Input {
  text: string;
  instructions: string;
  kind: string;
  account_id: string;
  assessment?: string;
  data: Data;
  context: Data<string>;
}

/** The first of a list that has one. */
export function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error('the list is empty');
  return one;
}

export type Call = { name: string; input: unknown };

/** A turn of these calls; a text is a report without calls. */
export async function judged(agent: string, turn: Call[] | string, before: Before = {}): Promise<ModelReplied> {
  const pack = await customerPack();
  const resolved = pack.agents.get(agent)?.resolved;
  if (!resolved) throw new Error(`the pack has no agent ${agent}`);
  const content: ReplyBlock[] =
    typeof turn === 'string'
      ? [{ type: 'text', text: turn }]
      : turn.map(({ name, input }, n) => ({ type: 'tool_use', id: `c${n}`, name, input: input as JsonObject }));
  return judgeTurn({
    resolved,
    state: stateOf(agent, before),
    reply: {
      model: 'scripted',
      content,
      stop_reason: typeof turn === 'string' ? 'end_turn' : 'tool_use',
      usage: { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 },
    },
    prompt: { composer: 1, digest: 'd' },
    conditions: pack.code.conditions,
    checks: pack.code.checks ?? {},
    now: `${AS_OF}T08:00:00.000Z`,
    validate: (tool, input) => {
      const schema = inputSchemaOf(tool.name, resolved, pack, 'r-1');
      return schema ? inputProblems(schema, input) || null : 'unknown';
    },
    admitDelegate: () => [holds('depth.left')],
  });
}

/** What refuses each call, or the report: `two_signals`, `input.valid`, …; null for what may take effect. */
export async function refusals(agent: string, turn: Call[] | string, before: Before = {}): Promise<(string | null)[]> {
  const event = await judged(agent, turn, before);
  if (typeof turn === 'string') return [ruleOf(failing(event.verdicts)?.rule)];
  return event.calls.map(({ verdicts }) => ruleOf(failing(verdicts)?.rule));
}

/** What the agent reads about the first refusal of a turn; empty when nothing is refused. */
export async function refusal(agent: string, turn: Call[] | string, before: Before = {}): Promise<string> {
  const event = await judged(agent, turn, before);
  const all = typeof turn === 'string' ? event.verdicts : event.calls.flatMap(({ verdicts }) => verdicts);
  const failed = failing(all);
  return failed ? `${ruleOf(failed.rule)}: ${failed.reason}` : '';
}

/** The question to a person that a turn raises. */
export async function asked(agent: string, turn: Call[] | string, before: Before = {}): Promise<HumanTask | null> {
  return (await judged(agent, turn, before)).escalation?.task ?? null;
}

function ruleOf(rule: string | undefined): string | null {
  return rule === undefined ? null : rule.replace(/^enforce\./, '');
}

function stateOf(
  agent: string,
  { facts = {}, made = [], corrections = 0, subject = 'acme-corp', payload = { account_id: subject } }: Before,
): InvocationContext {
  const calls = made.map(({ name, input = {}, result = {}, error, refused }, n): CallState => {
    const settled = {
      input: json(input),
      status: (error ?? refused) === undefined ? 'ok' : 'error',
      result: json(error ?? refused ?? result),
      verdicts: refused === undefined ? [] : [fails(`enforce.${refused}`, 'it does not hold')],
    } as const;
    return { ordinal: n + 2, id: `m${n}`, name, kind: 'read', created: null, ...settled };
  });
  return {
    ...emptyInvocation(),
    invocation: sampleInvocation({ agent, subject, as_of: AS_OF, payload }),
    remaining: 2,
    ordinal: calls.length + 1,
    facts: json(facts) as JsonObject,
    corrections,
    turns: calls.length === 0 ? [] : [{ ordinal: 1, content: [], calls, correction: null, remark: null }],
  };
}

function json(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
