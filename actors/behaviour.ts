import type { AnyStateMachine, SnapshotFrom } from 'xstate';
import type { JournaledEvent, Verdict } from '../runtime/journal/entry.ts';
import type { Mail } from '../runtime/mail/mail.ts';
import type { Send } from './runtime.ts';
import type { Found } from './supervisor/machine.ts';

/** What a mail means to its receiver, decided on the fold alone. */
export interface Received {
  found: Found;
  /** Admission's verdicts when the mail would begin the invocation. */
  verdicts: Verdict[];
  /** The events that the mail becomes when it is admitted, refused or delivered. */
  admit: JournaledEvent[];
  refuse: JournaledEvent[];
  deliver: JournaledEvent[];
  /** Set when this worker cannot go on with it: why. Then `deliver` says so in the journal, and the mail is left to others. */
  lacks?: string;
}

/** An effect that a state runs, by the source name the machine gives it. */
export type EffectKind = 'model' | 'call' | 'list' | 'begin';

/**
 * All that an activation needs to know of a kind of actor (an agent's invocation, a batch). The activation itself knows
 * journals, fences and mail, and no kind.
 */
export interface Behaviour<M extends AnyStateMachine = AnyStateMachine> {
  machine: M;
  receive(snapshot: SnapshotFrom<M>, mail: Mail): Promise<Received>;
  /** The event that must follow in the same entry, null when the state may stand. Pure. */
  follow(snapshot: SnapshotFrom<M>): JournaledEvent | null;
  /** Whether an activation has nothing to compute: it waits for mail, or it has ended. Pure. */
  rests(snapshot: SnapshotFrom<M>): boolean;
  /** Whether a worker has claimed it; before that, its only writer is the door. Pure. */
  isClaimed(snapshot: SnapshotFrom<M>): boolean;
  /** Claims in a row without any progress: what is taken up again and again is poison. Pure. */
  stalls(snapshot: SnapshotFrom<M>): number;
  /** Whether several of this kind of mail may be journaled in one entry. Pure. */
  gathers(mail: Mail): boolean;
  /** Whether this mail alone, were it to come again, has the fold taken up where it is. Pure. */
  standsForAll(snapshot: SnapshotFrom<M>, mail: Mail): boolean;
  /** What the step from `before` to `after` asks to be sent; all that `after` asks for when `again`. */
  sends(before: SnapshotFrom<M>, after: SnapshotFrom<M>, again: boolean): Promise<Send[]>;
  /** Runs one effect to the events that it becomes. A throw ends the invocation as failed. */
  perform(kind: EffectKind, ordinal: number, snapshot: SnapshotFrom<M>, signal: AbortSignal): Promise<JournaledEvent[]>;
  /**
   * Ordinals of effects that may already show outside: a cancel waits a moment for them, so that the journal says what was
   * done. Pure.
   */
  landing(snapshot: SnapshotFrom<M>): number[];
  /** The event that sets an invocation aside, and asks a person whether it shall go on. */
  quarantined(snapshot: SnapshotFrom<M>, error: { code: string; message: string }): Promise<JournaledEvent>;
  subject(snapshot: SnapshotFrom<M>): string | null;
  /** What the log says of a run that ended, one line each; null for what is no run of its own. Pure. */
  summary(snapshot: SnapshotFrom<M>): Record<string, unknown> | null;
}

/** Nothing to do with this mail: its receiver does not exist and the mail does not begin it. */
export const UNKNOWN: Received = { found: 'unknown', verdicts: [], admit: [], refuse: [], deliver: [] };

export function received(change: Partial<Received> & { found: Found }): Received {
  return { ...UNKNOWN, ...change };
}
