import type { CallState, InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { Grant, Verdict } from '../journal/entry.ts';
import { flattenReports, type Usage } from '../report.ts';
import { isApproved } from './coverage.ts';
import { fails, holds } from './verdict.ts';

/**
 * What an invocation and all below it may use up. One number bounds the whole tree: a delegation takes a grant out of what
 * its parent has left, the report gives back what was not used, and a child that never reports has used up its grant.
 * All of it is computed from the fold, so a restart counts the same. Pure.
 */
const UNLIMITED: Grant = { turns: null, tokens: null, usd: null, children: null };

const KINDS = ['turns', 'tokens', 'usd', 'children'] as const;
type Spent = Record<(typeof KINDS)[number], number>;

/**
 * What is left, null where nothing limits; may be negative. Each approved `budget` question grants the own amount once more,
 * within what the parent lets it use up: that is the parent's to extend.
 */
export function left(resolved: ResolvedAgent, state: InvocationContext): Grant {
  const given = givenTo(resolved, state);
  if (isUnlimited(given)) return given;
  const spent = spentBy(state);
  return each((kind) => (given[kind] === null ? null : given[kind] - spent[kind]));
}

/** All that it may use up: its own amounts, as often as they were granted, and no more than its parent's grant. */
export function givenTo(resolved: ResolvedAgent, state: InvocationContext): Grant {
  const own = ownBudget(resolved);
  const times = 1 + state.tasks.filter((task) => isApproved(task) && task.rules.some(isBudget)).length;
  const granted = each((kind) => (own[kind] === null ? null : own[kind] * times));
  return intersect(granted, state.invocation?.grant ?? UNLIMITED);
}

function ownBudget({ definition }: ResolvedAgent): Grant {
  const { max_turns, max_tokens, max_usd, max_children } = definition.autonomy.budget ?? {};
  return {
    turns: max_turns ?? null,
    tokens: max_tokens ?? null,
    usd: max_usd ?? null,
    children: max_children ?? null,
  };
}

function intersect(a: Grant, b: Grant): Grant {
  return each((kind) => (a[kind] === null ? b[kind] : b[kind] === null ? a[kind] : Math.min(a[kind], b[kind])));
}

export function isUnlimited(grant: Grant): boolean {
  return KINDS.every((kind) => grant[kind] === null);
}

/** Whether a rule of that name asks for more of the budget. */
export function isBudget(rule: string): boolean {
  return rule.startsWith('budget.');
}

/** Its own turns, what its children reported, and the grants of those that have not. */
function spentBy(state: InvocationContext): Spent {
  const reports = state.children.flatMap(flattenReports);
  const out = state.turns.flatMap((turn) => turn.calls).filter((call) => isOut(call, state));
  const granted = (kind: keyof Grant) => out.reduce((sum, call) => sum + (call.delegate?.grant?.[kind] ?? 0), 0);
  const sum = (of: (report: (typeof reports)[number]) => number) => reports.reduce((all, one) => all + of(one), 0);
  return {
    turns: state.usage.turns + sum(({ usage }) => usage.turns) + granted('turns'),
    tokens: tokensOf(state.usage) + sum(({ usage }) => tokensOf(usage)) + granted('tokens'),
    // A report of an earlier release says nothing of its cost.
    usd: state.cost_usd + sum(({ cost_usd }) => cost_usd ?? 0) + granted('usd'),
    children: reports.length + out.length + granted('children'),
  };
}

/** A delegation that is held, or was started and has not reported. A refused one costs nothing. */
function isOut({ delegate, status }: CallState, { children }: InvocationContext): boolean {
  if (!delegate || (status !== 'pending' && status !== 'running')) return false;
  return !children.some(({ path }) => path === delegate.path);
}

function tokensOf(usage: Omit<Usage, 'turns'>): number {
  return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens;
}

/** What the turn that is judged costs, taken from what is left. */
export function afterTurn(before: Grant, usage: Omit<Usage, 'turns'>, cost: number): Grant {
  const spent: Spent = { turns: 1, tokens: tokensOf(usage), usd: cost, children: 0 };
  return each((kind) => (before[kind] === null ? null : before[kind] - spent[kind]));
}

/** A limit after a turn: its verdict, and who could extend it. */
export interface Limit {
  verdict: Verdict;
  /** `parent`: the parent's grant is what it has used up, and no answer of its own deciders makes that more. */
  target: 'human' | 'parent';
}

/** Every limit, as it stands after the turn. A turn that ends the invocation needs nothing more. */
export function limitsAfter(
  resolved: ResolvedAgent,
  state: InvocationContext,
  remaining: Grant,
  ends: boolean,
): Limit[] {
  const given = givenTo(resolved, state);
  const own = ownBudget(resolved);
  return KINDS.flatMap((kind): Limit[] => {
    const amount = remaining[kind];
    const all = given[kind];
    if (amount === null || all === null) return [];
    const rule = `budget.${kind}`;
    // No more delegations is no reason to stop: each is refused by itself.
    const enough = kind === 'children' ? amount >= 0 : kind === 'turns' ? amount >= 1 : amount > 0;
    const byGrant = all === state.invocation?.grant?.[kind];
    const more = byGrant
      ? 'the agent that delegated granted no more'
      : `approving grants ${amountText(kind, own[kind] ?? 0)} more`;
    const used = `${figure(kind, all - amount)} of ${amountText(kind, all)} are used up; ${more}`;
    return [{ verdict: ends || enough ? holds(rule) : fails(rule, used), target: byGrant ? 'parent' : 'human' }];
  });
}

const WORDS = { turns: 'model turns', tokens: 'tokens', usd: 'US dollars', children: 'delegations' } as const;

function amountText(kind: keyof Grant, amount: number): string {
  return `${figure(kind, amount)} ${WORDS[kind]}`;
}

function figure(kind: keyof Grant, amount: number): string {
  return kind === 'usd' ? amount.toFixed(4) : String(amount);
}

/**
 * What the delegations of one turn get, in block order: equal shares of what is left, minus one turn that the parent needs
 * to read their reports. Null for those for which nothing is left.
 */
export function splitAmong(remaining: Grant, delegations: number): (Grant | null)[] {
  const turns = remaining.turns === null ? null : remaining.turns - 1;
  const most = Math.min(delegations, turns ?? Infinity, remaining.children ?? Infinity, remaining.tokens ?? Infinity);
  const funded = remaining.usd !== null && remaining.usd <= 0 ? 0 : Math.max(0, Math.floor(most));
  const share = (amount: number | null) => (amount === null ? null : Math.floor(amount / funded));
  const grant = (): Grant => ({
    turns: share(turns),
    tokens: share(remaining.tokens),
    usd: remaining.usd === null ? null : remaining.usd / funded,
    children: remaining.children === null ? null : Math.floor((remaining.children - funded) / funded),
  });
  return Array.from({ length: delegations }, (_, at) => (at < funded ? grant() : null));
}

/** What is wrong with starting on a grant; null when it is enough for one turn. */
export function shortOf(grant: Grant | undefined): string | null {
  if (grant === undefined) return null;
  const { turns, tokens, usd } = grant;
  if (turns !== null && turns < 1) return 'no model turn is left for it';
  if (tokens !== null && tokens < 1) return 'no tokens are left for it';
  return usd !== null && usd <= 0 ? 'no US dollars are left for it' : null;
}

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `30m`, `4h`, `2d` in milliseconds. Throws a RangeError on anything else; definitions were checked. */
export function durationMs(text: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new RangeError(`expected a duration such as 30m, got ${text}`);
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}

function each<T>(of: (kind: (typeof KINDS)[number]) => T): Record<(typeof KINDS)[number], T> {
  return { turns: of('turns'), tokens: of('tokens'), usd: of('usd'), children: of('children') };
}
