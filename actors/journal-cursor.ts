/**
 * One journal as its activation sees it: the fold, and how it is moved on. Computes what events lead to, appends them
 * fenced, and adopts the result; it acts on nothing.
 */
import type { Logger } from 'pino';
import type { AnyMachineSnapshot } from 'xstate';
import { describeError, PlatformError } from '../config/errors.ts';
import type { Mailbox } from '../runtime/address.ts';
import { ENTRY_VERSION, type Entry, type JournaledEvent } from '../runtime/journal/entry.ts';
import type { Appended } from '../runtime/journal/journal.ts';
import type { Behaviour } from './behaviour.ts';
import { accepts, contextDigest, type Folded, stateOf, step } from './fold.ts';
import type { FoldCache } from './fold-cache.ts';
import type { Runtime } from './runtime.ts';

/** What a step came to. `ignored`: the events change nothing; `fenced`: another writer owns the journal. */
export type Stepped =
  | { status: 'appended'; applied: JournaledEvent[]; before: AnyMachineSnapshot; after: AnyMachineSnapshot }
  | { status: 'ignored' }
  | { status: 'fenced' };

const TOO_LARGE = { code: 'message.too_large', message: 'what came of a step is larger than a journal entry may be' };

export class JournalCursor {
  private readonly runtime: Runtime;
  private readonly folds: FoldCache;
  private readonly behaviour: Behaviour;
  private readonly to: Mailbox;
  private readonly log: Logger;
  private folded: Folded<Behaviour['machine']> | null = null;

  constructor(runtime: Runtime, folds: FoldCache, behaviour: Behaviour, to: Mailbox, log: Logger) {
    this.runtime = runtime;
    this.folds = folds;
    this.behaviour = behaviour;
    this.to = to;
    this.log = log;
  }

  get current(): Folded<Behaviour['machine']> {
    if (!this.folded) throw new Error(`the journal of ${this.to.run}/${this.to.path} is not loaded`);
    return this.folded;
  }

  /** Reads what the journal has gained since the last look; only `current` lacks nothing for certain. */
  async refresh(current = false): Promise<void> {
    this.folded = await this.folds.refresh(this.behaviour.machine, this.to, current);
  }

  /** Whether the journal's leader holds nothing beyond this fold. */
  async isNewest(): Promise<boolean> {
    const tail = await this.runtime.journal.tail(this.to);
    return this.folded !== null && (tail?.seq ?? 0) <= this.folded.seq;
  }

  /** Forgets the fold: a step under way is no longer adopted. */
  forget(): void {
    this.folded = null;
  }

  async advance(events: JournaledEvent[]): Promise<Stepped> {
    const before = this.folded;
    if (!before) return { status: 'fenced' };
    const { applied, snapshot, digest } = this.compute(before.snapshot, events);
    if (applied.length === 0) return { status: 'ignored' };
    const result = await this.append(applied, snapshot, digest, before.seq);
    if (result === null) return this.advance([{ type: 'failed', error: TOO_LARGE }]);
    if (this.folded !== before) return { status: 'fenced' };
    if (result.status === 'fenced') {
      this.log.info({ code: 'journal.fenced' }, 'another writer owns this journal');
      return { status: 'fenced' };
    }
    this.folded = { ...before, snapshot, seq: result.seq, writer: this.runtime.worker };
    this.folds.keep(this.to, this.folded);
    return { status: 'appended', applied, before: before.snapshot, after: snapshot };
  }

  /** Folds the events, and those that must follow them. What throws, or cannot be journaled, becomes the failure of this invocation. */
  private compute(
    from: AnyMachineSnapshot,
    events: JournaledEvent[],
  ): { applied: JournaledEvent[]; snapshot: AnyMachineSnapshot; digest: string } {
    const { machine } = this.behaviour;
    try {
      const applied: JournaledEvent[] = [];
      let snapshot = from;
      const take = (event: JournaledEvent) => {
        if (!accepts(snapshot, event)) return false;
        snapshot = step(machine, snapshot, event);
        applied.push(event);
        return true;
      };
      for (const event of events) take(event);
      for (let next = this.behaviour.follow(snapshot); next && take(next); ) next = this.behaviour.follow(snapshot);
      return { applied, snapshot, digest: contextDigest(snapshot) };
    } catch (error) {
      this.log.error({ err: error }, 'a machine threw; its invocation fails');
      const failed: JournaledEvent = { type: 'failed', error: describeError(error, 'activation.crashed') };
      const snapshot = step(machine, from, failed);
      return { applied: [failed], snapshot, digest: contextDigest(snapshot) };
    }
  }

  /** Null when the entry is larger than the server takes. */
  private async append(
    events: JournaledEvent[],
    snapshot: AnyMachineSnapshot,
    digest: string,
    after: number,
  ): Promise<Appended | null> {
    const entry: Entry = {
      v: ENTRY_VERSION,
      at: this.runtime.now().toISOString(),
      ...(this.runtime.whoseTime() === 'nats' && { clock: 'nats' as const }),
      writer: this.runtime.worker,
      key: this.runtime.id(),
      agent: this.to.agent,
      subject: this.behaviour.subject(snapshot),
      events,
      state: stateOf(snapshot),
      digest,
    };
    try {
      return await this.runtime.journal.append(this.to, entry, after);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'message.too_large') throw error;
      this.log.error({ code: error.code }, error.message);
      return null;
    }
  }
}
