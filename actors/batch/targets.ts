/**
 * The targets of a batch by their place in its list: what their runs came to, and how many are begun. A batch may have a
 * hundred thousand of them, so nothing here takes longer for a longer list, but to make it. Pure.
 */
import type { Target } from '../../runtime/pack.ts';

/** In leaves: a new outcome copies one of them, and not the whole list. */
export type Outcomes = readonly (readonly (string | null)[])[];

const LEAF = 512;

export function noOutcomes(count: number): Outcomes {
  const leaves = Array.from({ length: Math.ceil(count / LEAF) }, (_, at) => Math.min(LEAF, count - at * LEAF));
  return leaves.map((length) => Array.from({ length }, () => null));
}

/** Null while the run has not reported; undefined behind the end of the list. */
export function outcomeAt(outcomes: Outcomes, at: number): string | null | undefined {
  return outcomes[Math.floor(at / LEAF)]?.[at % LEAF];
}

export function withOutcome(outcomes: Outcomes, at: number, outcome: string | null): Outcomes {
  const leaf = Math.floor(at / LEAF);
  return outcomes.with(leaf, (outcomes[leaf] ?? []).with(at % LEAF, outcome));
}

const places = new WeakMap<readonly Target[], Map<string, number>>();

/** The place of a target, -1 when it is not in the list. Lists never change, so each is gone through once. */
export function placeOf(targets: readonly Target[], id: string): number {
  let known = places.get(targets);
  if (!known) {
    known = new Map(targets.map((target, at) => [target.id, at]));
    places.set(targets, known);
  }
  return known.get(id) ?? -1;
}

/** How far a batch is with its list. */
export interface Progress {
  targets: readonly Target[];
  /** How many have not reported. */
  pending: number;
  /** How many runs may be open at once; null when all were begun as soon as they were listed. */
  window: number | null;
  /** How many are begun, in list order. */
  started: number;
}

/** Runs are begun in so many blocks for a window, and the next one when as many have ended. */
const BLOCKS = 5;
/** A block takes a moment: whoever begins it is not taken for dead, and each one counts as progress. */
const LARGEST_BLOCK = 64;

/** The next targets to begin: none while too many are open, or when all are begun. */
export function nextBlock({ targets, pending, window, started }: Progress): { from: number; to: number } | null {
  if (window === null || started >= targets.length) return null;
  const block = Math.min(LARGEST_BLOCK, Math.ceil(window / BLOCKS));
  const open = started - (targets.length - pending);
  return open + block > window ? null : { from: started, to: Math.min(targets.length, started + block) };
}

/** How many targets, in list order, may have a run: those that are begun, and those that are being begun. */
export function reached(progress: Progress): number {
  return nextBlock(progress)?.to ?? progress.started;
}
