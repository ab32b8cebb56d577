/**
 * What became of a batch's targets: what their runs' own journals say, since a run that failed may have gone on after its
 * report; where there is no journal, what was reported. Pure.
 */
import { isCutShort, isReached, outcomeOf } from '../../actors/batch/machine.ts';
import type { BatchJournal } from '../journals/batch-journal.ts';
import { awaited, modelWaits } from '../journals/model-waits.ts';
import { ENDED } from '../contract/run-states.ts';
import { type RunTree, summarise } from '../journals/runs.ts';

export interface TargetStanding {
  target: string;
  run: string;
  /** Null while its run has not ended. */
  outcome: string | null;
  /** The outcome, or until then `accepted`, `running` or `waiting` (for a person). */
  state: string;
  /** The state as people are told it: of what goes on, also what it waits for. */
  words: string;
}

/** `tree` is null when the target's run has no journal. */
export function standingOf(
  { state, context }: BatchJournal,
  { target, run }: { target: string; run: string },
  tree: RunTree | null,
): TargetStanding {
  const reported = outcomeOf(context, run) ?? null;
  const outcome = tree === null ? reported : ENDED.has(tree.state) ? tree.state : null;
  if (outcome !== null) return { target, run, outcome, state: outcome, words: outcome };
  const doing = tree === null || tree.state === 'admitting' ? 'accepted' : summarise('', tree).outcome;
  // The cancel of an ended batch is on its way, and done by the next worker at the latest.
  const cut = isCutShort(state, context) && reported === null && doing !== 'waiting';
  if (cut && !isReached(context, run)) return { target, run, outcome, state: 'cancelled', words: 'never begun' };
  return { target, run, outcome, state: doing, words: cut ? 'to be cancelled' : standingText(doing, tree) };
}

function standingText(doing: string, tree: RunTree | null): string {
  if (doing === 'waiting') return 'waits for a person';
  const [wait] = tree === null ? [] : modelWaits(tree);
  return wait ? `waits for ${awaited(wait)}` : doing;
}
