/**
 * Mail of one activation that waits for its turn. A cancel goes first: of a batch, thousands of reports wait. What another turn
 * takes along has none of its own any more.
 */
import type { JsMsg } from 'nats';
import type { AnyMachineSnapshot } from 'xstate';
import type { JournaledEvent } from '../runtime/journal/entry.ts';
import type { Mail } from '../runtime/mail/mail.ts';
import type { Behaviour } from './behaviour.ts';
import type { Turns } from './turns.ts';

/** So many are taken along at most: an entry of them stays small. */
const ALONG = 64;

export interface Waiting {
  mail: Mail;
  /** Null for mail that another worker holds. */
  message: JsMsg | null;
  /** What is done when its turn comes. */
  turn(): Promise<void>;
  /** Another turn has journaled its event. */
  journaled(): void;
}

export interface Along {
  waiting: Waiting[];
  events: JournaledEvent[];
}

export class Inbox {
  private readonly waits = new Set<Waiting>();
  private readonly turns: Turns;

  constructor(turns: Turns) {
    this.turns = turns;
  }

  put(waiting: Waiting): void {
    this.waits.add(waiting);
    this.turns.take(async () => {
      if (this.waits.delete(waiting)) await waiting.turn();
    }, waiting.mail.type === 'cancel');
  }

  /** What waits behind this mail and is journaled in one entry with it; that of which this worker holds the mail comes last. */
  async along(behaviour: Behaviour, snapshot: AnyMachineSnapshot, mail: Mail): Promise<Along> {
    const waiting: Waiting[] = [];
    const events: JournaledEvent[] = [];
    const next = this.take(behaviour, mail).sort((a, b) => Number(a.message !== null) - Number(b.message !== null));
    for (const each of next) {
      const { found, deliver } = await behaviour.receive(snapshot, each.mail);
      if (found === 'open') {
        waiting.push(each);
        events.push(...deliver);
      } else this.put(each);
    }
    return { waiting, events };
  }

  /** Says of what was taken out whether its events are in the journal; if not, it waits for a turn of its own again. */
  settle(waiting: readonly Waiting[], journaled: boolean): void {
    for (const each of waiting) {
      if (journaled) each.journaled();
      else this.put(each);
    }
  }

  /** Hands to its owner, with this mail, what waits behind it and can go along. `hand`: false when the owner did not take it. */
  async handOver(behaviour: Behaviour, mail: Mail, hand: (message: JsMsg) => Promise<boolean>): Promise<void> {
    const others = this.take(behaviour, mail).map(async (other) =>
      this.settle([other], other.message !== null && (await hand(other.message))),
    );
    await Promise.all(others);
  }

  /** Takes out of the next ones those that may share an entry with this mail. */
  private take(behaviour: Behaviour, mail: Mail): Waiting[] {
    const taken: Waiting[] = [];
    if (!behaviour.gathers(mail)) return taken;
    let looked = 0;
    for (const waiting of this.waits) {
      if (looked++ === ALONG) break;
      if (behaviour.gathers(waiting.mail)) taken.push(waiting);
    }
    for (const waiting of taken) this.waits.delete(waiting);
    return taken;
  }
}
