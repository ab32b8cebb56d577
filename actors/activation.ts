/**
 * An activation: one invocation (or batch) alive on this worker, from the mail that wakes it until it rests.
 *
 * Owns the invocation's ledger, its live actor and the mail it has not acknowledged. Everything happens in one queue.
 * 1. An event is appended before it takes effect; what it asks for is sent after that.
 * 2. Mail is acknowledged only when the fold rests (parked or final) and all its sends are confirmed.
 * 3. After a lost fence nothing is acknowledged, sent or appended any more: another worker owns the invocation.
 * 4. A throw restarts this actor, a few times, and then ends its invocation as `failed`, in its journal; it never reaches
 *    the worker or a sibling.
 * 5. Mail for what computes on another worker is forwarded to it; only silence, or its word, lets it be taken over.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { JsMsg } from 'nats';
import type { Logger } from 'pino';
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import { describeError } from '../config/errors.ts';
import type { Mailbox } from '../runtime/address.ts';
import type { JournaledEvent } from '../runtime/journal/entry.ts';
import type { Mail } from '../runtime/mail/mail.ts';
import type { Behaviour, EffectKind, Received } from './behaviour.ts';
import { Effects } from './effects.ts';
import { hasEnded, stateOf } from './fold.ts';
import type { Forwarded } from './forwarding.ts';
import type { Host } from './host.ts';
import { Ledger } from './ledger.ts';
import { Mailbag } from './mailbag.ts';
import { attributed } from './strays.ts';
import { restartDelay } from './supervisor/restart.ts';
import type { ChildEnd } from './supervisor/machine.ts';

/** How often a claim that lost its race is tried again on a fresh read. */
const CLAIM_TRIES = 5;
/** How long an end from outside waits for an event or a memory that is being written: less than a forwarder waits. */
const LANDING_MS = 150;

export class Activation {
  readonly key: string;
  readonly to: Mailbox;
  private readonly host: Host;
  private readonly behaviour: Behaviour;
  private readonly log: Logger;
  private readonly mailbag = new Mailbag();
  private readonly ledger: Ledger;
  private actor: AnyActorRef | null = null;
  private readonly effects = new Effects();
  /** Times of crashes, in milliseconds of this process. */
  private crashes: number[] = [];
  private queue: Promise<void> = Promise.resolve();
  private queued = 0;

  constructor(host: Host, behaviour: Behaviour, key: string, to: Mailbox) {
    this.host = host;
    this.behaviour = behaviour;
    this.key = key;
    this.to = to;
    this.log = host.runtime.log.child({ agent: to.agent, run: to.run, path: to.path });
    this.ledger = new Ledger(host.runtime, host.folds, behaviour, to, this.log);
  }

  /** Takes a mail; it is kept alive until the invocation rests. */
  deliver(message: JsMsg, mail: Mail): void {
    if (!this.mailbag.add(message)) return;
    this.enqueue(async () => {
      try {
        await this.receive(this.mailbag.latest(message), mail);
      } finally {
        this.mailbag.leave(message);
      }
    });
  }

  /** Takes a mail that another worker holds. `journaled`: its event is in the journal, so that worker may acknowledge. */
  async takeForward(seq: number, mail: Mail): Promise<Forwarded> {
    if (this.mailbag.has(seq)) return 'mine';
    return new Promise((answer) => {
      this.enqueue(async () => {
        if (!this.actor) return answer('not mine');
        const { found, deliver } = await this.behaviour.receive(this.ledger.current.snapshot, mail);
        const taken =
          found === 'open'
            ? await this.advance([...(await this.landed(mail)), ...deliver])
            : await this.ledger.isNewest();
        answer(taken ? 'journaled' : 'not mine');
      });
    });
  }

  /** Starts one effect of the live actor; the result comes back as a step. Returns how to stop it. */
  start(kind: EffectKind, ordinal: number): () => void {
    const { snapshot } = this.ledger.current;
    const run = (signal: AbortSignal) =>
      attributed(this.to, () => this.behaviour.perform(kind, ordinal, snapshot, signal));
    return this.effects.start(ordinal, run, {
      done: (events) => this.enqueue(async () => void (await this.advance(events))),
      threw: (error) => this.enqueue(() => this.restart(error)),
    });
  }

  keepAlive(): void {
    this.mailbag.keepAlive();
  }

  /** The live actor threw and is gone. */
  crashed(error: unknown): void {
    this.enqueue(() => this.restart(error));
  }

  /** Resolves when what is queued now has been done. */
  settled(): Promise<void> {
    return this.queue;
  }

  /** Resolves when no effect runs any more. */
  async quiet(): Promise<void> {
    await this.effects.quiet();
  }

  /** Stops at once, as a crash would: nothing is acknowledged or appended, the journal is all that remains. */
  stop(how: ChildEnd): void {
    this.mailbag.drop();
    this.ledger.forget();
    this.endActor(how);
  }

  /** Stops, and hands all mail back at once instead of letting the ack wait run out. */
  handBack(): void {
    this.mailbag.handBack();
    this.stop('stopped');
  }

  private enqueue(task: () => Promise<void>): void {
    this.queued += 1;
    this.queue = this.queue
      .then(task)
      .catch((error: unknown) => {
        this.log.error({ err: error, ...describeError(error, 'activation.crashed') }, 'activation stopped');
        this.stop('crashed');
      })
      .finally(() => {
        this.queued -= 1;
        if (this.queued === 0 && this.actor === null) this.host.idle(this);
      });
  }

  private async receive(message: JsMsg, mail: Mail, tries = CLAIM_TRIES): Promise<void> {
    if (this.host.stopping) return;
    // A live actor's fold is the truth until an append says otherwise; a resting one may have moved elsewhere.
    if (!this.actor) await this.ledger.refresh();
    if (!this.actor && (await this.forwarded(message))) return;
    const { snapshot, diverged } = this.ledger.current;
    const received = await this.behaviour.receive(snapshot, mail);
    const disposition = this.host.decide({
      type: 'mail',
      key: this.key,
      found: received.found,
      verdicts: received.verdicts,
      live: this.actor !== null,
      rests: this.behaviour.rests(snapshot),
      poison: this.behaviour.stalls(snapshot) >= this.host.limits.maxStalls,
    });
    switch (disposition) {
      case 'leave':
        return;
      case 'drop':
        this.log.warn({ mail: mail.type }, 'mail for an invocation that does not exist was dropped');
        message.ack();
        return;
      case 'duplicate':
        await this.repeat(message, received.found === 'final');
        return;
      case 'resend':
        await this.repeat(message, true);
        return;
    }
    this.mailbag.hold(message);
    if (diverged !== null) this.log.error({ code: 'journal.diverged', diverged }, 'journal diverged');
    const events =
      diverged === null
        ? [...(await this.landed(mail)), ...(await this.claim(disposition, received, message))]
        : [{ type: 'failed' as const, error: { code: 'journal.diverged', message: diverged } }];
    const live = this.actor !== null;
    const appended = await this.advance(events, disposition === 'resume' || hasEnded(snapshot));
    if (!appended && !live && tries > 1) await this.receive(message, mail, tries - 1);
  }

  /** What is on its way out already when a cancel or a deadline comes: it happened before. */
  private async landed(mail: Mail): Promise<JournaledEvent[]> {
    if ((mail.type !== 'cancel' && mail.type !== 'timer.fired') || !this.actor) return [];
    return this.effects.landed(this.behaviour.landing(this.ledger.current.snapshot), LANDING_MS);
  }

  /** The events by which this worker claims the invocation, or takes the mail into the one it has. */
  private async claim(
    disposition: 'admit' | 'refuse' | 'deliver' | 'resume' | 'quarantine',
    received: Received,
    message: JsMsg,
  ): Promise<JournaledEvent[]> {
    switch (disposition) {
      case 'resume':
        return [this.resumed(message.info.deliveryCount)];
      case 'quarantine':
        return [await this.quarantined('it was taken up again and again without getting any further')];
      default:
        return received[disposition];
    }
  }

  /** True when the owner has taken the mail, or holds it already. Silence, or «not mine», lets this worker go on. (5) */
  private async forwarded(message: JsMsg): Promise<boolean> {
    const { snapshot, writer } = this.ledger.current;
    if (writer === null || writer === this.host.runtime.worker) return false;
    if (!this.behaviour.isClaimed(snapshot) || this.behaviour.rests(snapshot)) return false;
    const answer = await this.host.forward(writer, message);
    if (answer === 'journaled') message.ack();
    if (answer === 'journaled' || answer === 'mine') return true;
    await this.ledger.refresh();
    return false;
  }

  /** Mail that the fold already holds: `resend` when what follows from it may not have been sent. */
  private async repeat(message: JsMsg, resend: boolean): Promise<void> {
    // Ignoring is a decision too: it must not rest on a fold that another worker has outrun.
    if (this.actor && !(await this.ledger.isNewest())) return this.stop('fenced');
    const { snapshot } = this.ledger.current;
    if (resend) await this.sendAll(snapshot, snapshot, true);
    message.ack();
  }

  /** One step: append, adopt, send, and rest when nothing is left to compute. False when the fence was lost. */
  private async advance(events: JournaledEvent[], again = false): Promise<boolean> {
    const stepped = await this.ledger.advance(events);
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
    if (!rests && !this.actor) this.actor = this.host.spawn(this.key, this.to, this.behaviour, after);
    await this.sendAll(before, after, again);
    if (rests) this.rest(after);
    return true;
  }

  /** After a throw: a new actor from the journal, a little later; past the intensity, the end of the invocation. (4) */
  private async restart(error: unknown): Promise<void> {
    if (!this.actor) return;
    this.log.error({ err: error }, 'an actor threw');
    this.endActor('crashed');
    const { delayMs, crashes } = restartDelay(this.crashes, performance.now(), this.host.limits);
    this.crashes = crashes;
    if (delayMs === null) {
      const { message } = describeError(error, 'activation.crashed');
      await this.advance([await this.quarantined(`it crashed ${crashes.length} times: ${message}`)]);
      return;
    }
    await pause(delayMs);
    if (!this.host.stopping) await this.advance([this.resumed(0)], true);
  }

  private async sendAll(before: AnyMachineSnapshot, after: AnyMachineSnapshot, again: boolean): Promise<void> {
    const sends = await this.behaviour.sends(before, after, again);
    // Sends of one step are independent of each other; a batch has thousands.
    for (let i = 0; i < sends.length; i += 64) {
      await Promise.all(sends.slice(i, i + 64).map((send) => this.host.perform(send)));
    }
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
    this.host.ended(this.key, how);
  }

  private quarantined(message: string): Promise<JournaledEvent> {
    return this.behaviour.quarantined(this.ledger.current.snapshot, { code: 'activation.quarantined', message });
  }

  private resumed(delivery: number): JournaledEvent {
    return { type: 'resumed', worker: this.host.runtime.worker, delivery };
  }
}
