/**
 * An activation: one invocation (or batch) alive on this worker, from the mail that wakes it until it rests.
 *
 * Owns the invocation's cursor, its live actor and the mail it has not acknowledged. Everything happens in one queue.
 * 1. An event is appended before it takes effect; what it asks for is sent after that.
 * 2. Mail is acknowledged only when the fold rests and all its sends are confirmed; earlier, when other mail stands for it.
 * 3. After a lost fence nothing is acknowledged, sent or appended any more: another worker owns the invocation.
 * 4. A throw restarts this actor, a few times, and then ends its invocation as `failed`, in its journal; it never reaches
 *    the worker or a sibling. While it waits for its restart the queue goes on: a cancel ends it, mail is taken into its
 *    journal, a draining worker hands it back. Only the supervisor's word starts it again.
 * 5. Mail for what computes on another worker is forwarded to it; only silence, or its word, lets it be taken over.
 * 6. Mail is laid aside without an append only by a fold that the journal's leader knows no more of (`layAside`).
 */
import type { JsMsg } from 'nats';
import type { Logger } from 'pino';
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import { describeError } from '../config/errors.ts';
import type { Mailbox } from '../runtime/address.ts';
import type { JournaledEvent } from '../runtime/journal/entry.ts';
import type { Mail } from '../runtime/mail/mail.ts';
import type { Behaviour, EffectKind } from './behaviour.ts';
import { claim, quarantined, resumed } from './claim.ts';
import { Effects } from './effects.ts';
import { hasEnded, stateOf } from './fold.ts';
import type { Forwarded } from './forwarding.ts';
import type { Host } from './host.ts';
import { Inbox } from './inbox.ts';
import { layAside } from './lay-aside.ts';
import { JournalCursor } from './journal-cursor.ts';
import { leaveToOthers } from './left-to-others.ts';
import { Mailbag } from './mailbag.ts';
import { performAll } from './perform.ts';
import { attributed } from './unhandled-errors.ts';
import { restartDelay } from './supervisor/restart.ts';
import type { ChildEnd } from './supervisor/children.ts';
import { Turns } from './turns.ts';

/** How often a claim that lost its race is tried again on a fresh read. */
const CLAIM_TRIES = 5;

export class Activation {
  readonly key: string;
  readonly to: Mailbox;
  private readonly host: Host;
  private readonly behaviour: Behaviour;
  private readonly log: Logger;
  private readonly mailbag = new Mailbag();
  private readonly cursor: JournalCursor;
  private actor: AnyActorRef | null = null;
  private restarting = false;
  private readonly effects = new Effects();
  /** Times of crashes, in milliseconds of this process. */
  private crashes: number[] = [];
  private readonly turns: Turns;
  private readonly inbox: Inbox;

  constructor(host: Host, behaviour: Behaviour, key: string, to: Mailbox) {
    this.host = host;
    this.behaviour = behaviour;
    this.key = key;
    this.to = to;
    this.log = host.runtime.log.child({ agent: to.agent, run: to.run, path: to.path });
    this.cursor = new JournalCursor(host.runtime, host.folds, behaviour, to, this.log);
    this.turns = new Turns(
      (error) => {
        this.log.error({ err: error, ...describeError(error, 'activation.crashed') }, 'activation stopped');
        this.stop('crashed');
      },
      () => {
        if (!this.isHere) this.host.idle(this);
      },
    );
    this.inbox = new Inbox(this.turns);
  }

  /** Takes a mail; it is kept alive until the invocation rests. */
  deliver(message: JsMsg, mail: Mail): void {
    if (!this.mailbag.add(message)) return;
    const journaled = (): void => this.mailbag.leave(message);
    const turn = () => this.receive(this.mailbag.latest(message), mail).finally(journaled);
    this.inbox.put({ mail, message, turn, journaled });
  }

  /** Takes a mail that another worker holds. `journaled`: its event is in the journal, so that worker may acknowledge. */
  async takeForward(seq: number, mail: Mail): Promise<Forwarded> {
    if (this.mailbag.has(seq)) return 'mine';
    return new Promise((answer) => {
      const comesAgain = () => this.host.stopping || this.standsForAll(mail);
      const journaled = () => answer(comesAgain() ? 'mine' : 'journaled');
      const turn = async (): Promise<void> => {
        if (!this.isHere) return answer('not mine');
        const { found, deliver } = await this.behaviour.receive(this.cursor.current.snapshot, mail);
        const journal = async () => this.journal(mail, null, [...(await this.landed(mail)), ...deliver]);
        const taken = await (found === 'open' ? journal() : this.cursor.isNewest());
        return taken ? journaled() : answer('not mine');
      };
      this.inbox.put({ mail, message: null, turn, journaled });
    });
  }

  /** Starts one effect of the live actor; the result comes back as a step. Returns how to stop it. */
  start(kind: EffectKind, ordinal: number): () => void {
    const { snapshot } = this.cursor.current;
    const run = (signal: AbortSignal) =>
      attributed(this.to, () => this.behaviour.perform(kind, ordinal, snapshot, signal));
    return this.effects.start(ordinal, run, {
      done: (events) => this.turns.take(async () => void (await this.advance(events))),
      threw: (error) => this.turns.take(() => this.recover(error)),
    });
  }

  keepAlive(): void {
    this.mailbag.keepAlive();
  }

  /** The live actor threw and is gone. */
  crashed(error: unknown): void {
    this.turns.take(() => this.recover(error));
  }

  /** The wait after a crash is over. */
  restart(): void {
    this.turns.take(async () => {
      if (!this.restarting) return;
      this.restarting = false;
      await this.advance([resumed(this.host.runtime.worker, 0)], true);
    });
  }

  /** The worker takes no more mail: a step in hand may end, a restart is somebody else's. */
  drain(): void {
    if (this.restarting) this.handBack();
  }

  /** Resolves when what is queued now has been done. */
  settled(): Promise<void> {
    return this.turns.settled();
  }

  /** Resolves when no effect runs any more. */
  quiet(): Promise<unknown> {
    return this.effects.quiet();
  }

  /** Stops at once, as a crash would: nothing is acknowledged or appended, the journal is all that remains. */
  stop(how: ChildEnd): void {
    this.mailbag.drop();
    this.cursor.forget();
    this.endActor(how);
    // An empty queue would never say that nothing is left.
    this.turns.take(async () => {});
  }

  /** Stops, and hands all mail back at once instead of letting the ack wait run out. */
  handBack(): void {
    this.mailbag.handBack();
    this.stop('stopped');
  }

  /** This worker computes it, or waits to compute it again. */
  private get isHere(): boolean {
    return this.actor !== null || this.restarting;
  }

  private async receive(message: JsMsg, mail: Mail, tries = CLAIM_TRIES): Promise<void> {
    if (this.host.stopping) return;
    // The fold of what is here is the truth until an append says otherwise; a resting one may have moved elsewhere.
    if (!this.isHere) await this.cursor.refresh(tries < CLAIM_TRIES);
    if (!this.isHere && (await this.forwarded(message, mail))) return;
    const { snapshot, diverged } = this.cursor.current;
    const received = await this.behaviour.receive(snapshot, mail);
    if (received.lacks !== undefined)
      return leaveToOthers(this.host.runtime, this.cursor, message, mail, received.deliver);
    const disposition = this.host.decide({
      type: 'mail',
      key: this.key,
      found: received.found,
      verdicts: received.verdicts,
      live: this.isHere,
      rests: this.behaviour.rests(snapshot),
      poison: this.behaviour.stalls(snapshot) >= this.host.limits.maxStalls,
    });
    if (disposition === 'leave') return;
    if (disposition === 'drop' || disposition === 'duplicate' || disposition === 'resend') {
      const how = disposition === 'duplicate' && received.found === 'final' ? 'resend' : disposition;
      const resend = () => this.sendAll(snapshot, snapshot, true);
      if (await this.cursor.isNewest()) await layAside(message, how, { log: this.log, mail: mail.type, resend });
      else if (this.isHere) this.stop('fenced');
      else if (tries > 1) await this.receive(message, mail, tries - 1);
      return;
    }
    this.mailbag.hold(message);
    if (diverged !== null) this.log.error({ code: 'journal.diverged', diverged }, 'journal diverged');
    const { runtime } = this.host;
    const { deliveryCount: delivery } = message.info;
    const means = { behaviour: this.behaviour, snapshot, diverged, worker: runtime.worker, delivery };
    const events = [...(await this.landed(mail)), ...(await claim(disposition, received, means))];
    const live = this.isHere;
    const again = disposition === 'resume' || hasEnded(snapshot);
    const delivers = disposition === 'deliver' && diverged === null;
    const appended = await (delivers ? this.journal(mail, message, events, again) : this.advance(events, again));
    if (!appended && !live && tries > 1) await this.receive(message, mail, tries - 1);
  }

  /** Nothing else would bring back what computes here, should this worker die. */
  private standsForAll(mail: Mail): boolean {
    return this.actor !== null && this.behaviour.standsForAll(this.cursor.current.snapshot, mail);
  }

  /** What is on its way out already when a cancel or a deadline comes: it happened before. */
  private async landed(mail: Mail): Promise<JournaledEvent[]> {
    if ((mail.type !== 'cancel' && mail.type !== 'timer.fired') || !this.actor) return [];
    return this.effects.landed(this.behaviour.landing(this.cursor.current.snapshot));
  }

  /** True when the owner has taken the mail, or holds it already. Silence, or «not mine», lets this worker go on. (5) */
  private async forwarded(message: JsMsg, mail: Mail): Promise<boolean> {
    const { snapshot, writer } = this.cursor.current;
    if (writer === null || writer === this.host.runtime.worker) return false;
    if (!this.behaviour.isClaimed(snapshot) || this.behaviour.rests(snapshot)) return false;
    const hand = (each: JsMsg) => this.host.forward(writer, this.mailbag.latest(each));
    const [isTaken] = await Promise.all([hand(message), this.inbox.handOver(this.behaviour, mail, hand)]);
    if (!isTaken) await this.cursor.refresh();
    return isTaken;
  }

  /** One step for this mail and all that waits behind it and can go along. `message`: null when another worker holds it. */
  private async journal(mail: Mail, message: JsMsg | null, own: JournaledEvent[], again = false): Promise<boolean> {
    const { waiting, events } = await this.inbox.along(this.behaviour, this.cursor.current.snapshot, mail);
    for (const each of waiting) if (each.message) this.mailbag.hold(each.message);
    // What we hold comes last: what was reported last stands for all, and comes again should this worker die.
    const appended = await this.advance(message ? [...events, ...own] : [...own, ...events], again);
    this.inbox.settle(waiting, appended);
    const last = message ? { mail, message } : waiting.at(-1);
    if (appended && last?.message && this.standsForAll(last.mail)) this.mailbag.ackHeldBut(last.message);
    return appended;
  }

  /** One step: append, adopt, send, and rest when nothing is left to compute. False when the fence was lost. */
  private async advance(events: JournaledEvent[], again = false): Promise<boolean> {
    const stepped = await this.cursor.advance(events);
    if (stepped.status === 'ignored') return true;
    if (stepped.status === 'fenced') {
      this.stop('fenced');
      return false;
    }
    const { applied, before, after } = stepped;
    const rests = this.behaviour.rests(after);
    if (this.host.stopping && !rests) {
      // The step in hand is done; the next one is somebody else's.
      await this.sendAll(before, after, again);
      this.handBack();
      return true;
    }
    // An actor that rests now is stopped: what it would start on the way there must not begin.
    if (this.actor && !rests) for (const event of applied) this.actor.send(event);
    if (!rests && !this.isHere) this.actor = this.host.spawn(this.key, this.behaviour, after);
    await this.sendAll(before, after, again);
    if (rests) this.rest(after);
    return true;
  }

  /** After a throw: a new actor from the journal, a little later; past the intensity, the end of the invocation. (4) */
  private async recover(error: unknown): Promise<void> {
    if (!this.actor) return;
    const { delayMs, crashes } = restartDelay(this.crashes, performance.now(), this.host.limits);
    this.crashes = crashes;
    this.log.error({ err: error, ...(delayMs !== null && { restart_in_ms: delayMs }) }, 'an actor threw');
    this.endActor('crashed');
    if (delayMs === null) {
      const why = `it crashed ${crashes.length} times: ${describeError(error, 'activation.crashed').message}`;
      return void (await this.advance([await quarantined(this.behaviour, this.cursor.current.snapshot, why)]));
    }
    if (this.host.stopping) return this.handBack();
    this.restarting = true;
    this.host.restartLater(this.key, delayMs);
  }

  private async sendAll(before: AnyMachineSnapshot, after: AnyMachineSnapshot, again: boolean): Promise<void> {
    await performAll(this.host.runtime, await this.behaviour.sends(before, after, again));
  }

  private rest(snapshot: AnyMachineSnapshot): void {
    this.mailbag.ackHeld();
    const how = hasEnded(snapshot) ? (stateOf(snapshot) as ChildEnd) : 'parked';
    const summary = hasEnded(snapshot) ? this.behaviour.summary(snapshot) : null;
    if (summary) this.log.info({ outcome: how, ...summary }, 'run ended');
    this.endActor(how);
  }

  private endActor(how: ChildEnd): void {
    this.actor = null;
    this.restarting = false;
    this.host.ended(this.key, how);
  }
}
