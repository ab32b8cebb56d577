import { fold, stateOf } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import { reportOf } from '../../actors/invocation/report.ts';
import type { Address } from '../../runtime/address.ts';
import type { InvocationContext } from '../../runtime/context/invocation.ts';
import type { Escalation } from '../../runtime/journal/entry.ts';
import type { Journal, StoredEntry } from '../../runtime/journal/journal.ts';
import type { JsonObject } from '../../runtime/json.ts';
import type { RunSummary } from '../../runtime/pack.ts';
import { isBatchAgent } from '../../runtime/subjects.ts';

/** A run as its journals show it: an invocation, its entries and fold, and the invocations it delegated to. */
export interface RunTree {
  address: Address;
  agent: string;
  entries: StoredEntry[];
  state: string;
  context: InvocationContext;
  children: RunTree[];
}

/** Reads a run's tree by literal subjects, following delegations. Null when there is no such run. */
export async function readRun(journal: Journal, address: Address): Promise<RunTree | null> {
  const tree = await readInvocation(journal, address);
  if (tree === null) return null;
  const paths = tree.context.turns.flatMap((turn) => turn.calls.flatMap((call) => call.delegate?.path ?? []));
  const children = await Promise.all(paths.map((path) => readRun(journal, { ...address, path })));
  return { ...tree, children: children.filter((child) => child !== null) };
}

/** One invocation alone, whatever it delegated to. Null when there is none, and for a batch, which `readBatch` reads. */
export async function readInvocation(journal: Journal, address: Address): Promise<RunTree | null> {
  const entries = await journal.read(address);
  const [first] = entries;
  if (!first || isBatchAgent(first.agent)) return null;
  const { snapshot } = fold(invocationMachine, entries);
  return { address, agent: first.agent, entries, state: stateOf(snapshot), context: snapshot.context, children: [] };
}

export function flattenTree(tree: RunTree): RunTree[] {
  return [tree, ...tree.children.flatMap(flattenTree)];
}

/** Why a run stands still: the invocation of its tree that waits for a person. */
export function waitingOf(tree: RunTree): Escalation | null {
  return flattenTree(tree).find(({ state }) => state === 'waiting_for_human')?.context.escalation ?? null;
}

/** What a pack's table is told of one run. Pure. */
export function summarise(target: string, tree: RunTree): RunSummary {
  const report = reportOf(tree.state, tree.context);
  const waiting = report ? null : waitingOf(tree);
  const facts: JsonObject = Object.assign({}, ...flattenTree(tree).map(({ context }) => context.facts));
  return {
    target,
    run: tree.address.run,
    outcome: report?.outcome ?? (waiting ? 'waiting' : begunOutcome(tree)),
    report,
    facts,
    waiting: waiting && { rule: waiting.rule, reason: waiting.reason },
    error: tree.context.error,
  };
}

/** A run that was cancelled before it began has ended, and has nothing to report. */
function begunOutcome({ state }: RunTree): 'cancelled' | 'running' {
  return state === 'cancelled' ? 'cancelled' : 'running';
}
