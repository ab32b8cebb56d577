import type { InvocationContext } from '../context/invocation.ts';
import type { ResolvedAgent } from '../definitions/resolved.ts';
import type { Escalation, HumanTask, Verdict } from '../journal/entry.ts';
import type { Raised } from './escalation.ts';
import { newTask } from './task.ts';

/** What stops a turn, by kind. */
export interface Stops {
  /** `enforce` rules that it breaks after the last correction. */
  broken: Verdict[];
  /** Rules that hand it over. */
  raised: Raised[];
  /** Limits that are used up. */
  budget: Raised[];
}

/**
 * Who takes over a turn, null when nothing stops it. The parent goes first: then nothing takes effect and nobody need be
 * asked. All that a person is asked about one turn is one question, so that one answer settles it. Pure.
 */
export function handOver(
  { resolved, state, now }: { resolved: ResolvedAgent; state: InvocationContext; now: string },
  { broken, raised, budget }: Stops,
): Escalation | null {
  const toParent = [...raised, ...budget].find(({ target }) => target === 'parent');
  if (toParent) return toParent;
  const asks = [...broken, ...raised, ...budget];
  const [first] = asks;
  if (!first) return null;
  const kind = kindOf({ broken, raised, budget });
  const rules = [...new Set(asks.map(({ rule }) => rule))];
  const question = [...new Set(asks.map(({ reason }) => reason))].join('; ');
  const task = newTask({ resolved, state, kind, rules, question, now });
  return { rule: first.rule, target: 'human', reason: question, task };
}

function kindOf({ broken, raised }: Stops): HumanTask['kind'] {
  if (broken.length > 0) return 'breach';
  return raised.length > 0 ? 'approval' : 'budget';
}
