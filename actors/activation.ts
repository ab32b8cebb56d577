/**
 * An activation: one invocation (or batch) alive on this worker, from the mail that wakes it until it rests.
 *
 * Owns the invocation's fold, its live actor and the mail it has not acknowledged. Everything happens in one queue.
 * 1. An event is appended before it takes effect; what it asks for is sent after that.
 * 2. Mail is acknowledged only when the fold rests (parked or final) and all its sends are confirmed.
 * 3. After a lost fence nothing is acknowledged, sent or appended any more: another worker owns the invocation.
 * 4. A throw ends this invocation as `failed`, in its journal; it never reaches the worker or a sibling.
 */
import type { JsMsg } from 'nats';
import type { Logger } from 'pino';
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import { describeError, PlatformError } from '../config/errors.ts';
import type { Mailbox } from '../runtime/address.ts';
import { ENTRY_VERSION, type Entry, type JournaledEvent } from '../runtime/journal/entry.ts';
import type { Appended } from '../runtime/journal/journal.ts';
import type { Mail } from '../runtime/mail/mail.ts';
import type { Behaviour, EffectKind } from './behaviour.ts';
import { accepts, contextDigest, type Folded, stateOf, step } from './fold.ts';
import type { FoldCache } from './fold-cache.ts';
import { Mailbag } from './mailbag.ts';
import type { Runtime, Send } from './runtime.ts';
import type { ChildEnd, Disposition, SupervisorEvent } from './supervisor/machine.ts';

/** What an activation asks of its worker. */
export interface Host {
  runtime: Runtime;
  folds: FoldCache;
  decide(event: Extract<SupervisorEvent, { type: 'mail' }>): Disposition;
  spawn(key: string, to: Mailbox, behaviour: Behaviour, snapshot: AnyMachineSnapshot): AnyActorRef;
  ended(key: string, how: ChildEnd): void;
  perform(send: Send): Promise<void>;
  /** The queue is empty and nothing is live: forget this activation. */
  idle(activation: Activation): void;
  /** No more mail is begun: what is not acknowledged comes again elsewhere. */
  readonly stopping: boolean;
}

const TOO_LARGE = { code: 'message.too_large', message: 'what came of a step is larger than a journal entry may be' };

/** How often a claim that lost its race is tried again on a fresh read. */
const CLAIM_TRIES = 5;

export class Activation {
  readonly key: string;
  readonly to: Mailbox;
  private readonly host: Host;
  private readonly behaviour: Behaviour;
  private readonly log: Logger;
  private readonly mailbag = new Mailbag();
  private folded: Folded<Behaviour['machine']> | null = null;
  private actor: AnyActorRef | null = null;
  /** Effects that still run, stopped ones included: what they use must not be closed under them. */
  private readonly effects = new Set<Promise<void>>();
  private queue: Promise<void> = Promise.resolve();
  private queued = 0;

  constructor(host: Host, behaviour: Behaviour, key: string, to: Mailbox) {
    this.host = host;
    this.behaviour = behaviour;
    this.key = key;
    this.to = to;
    this.log = host.runtime.log.child({ agent: to.agent, run: to.run, path: to.path });
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

  /** Starts one effect of the live actor; the result comes back as a step. Returns how to stop it. */
  start(kind: EffectKind, ordinal: number): () => void {
    const abort = new AbortController();
    const snapshot = this.current().snapshot;
    const effect = this.behaviour
      .perform(kind, ordinal, snapshot, abort.signal)
      .catch((error: unknown) => this.crash(error))
      .then((events) => {
        this.effects.delete(effect);
        if (!abort.signal.aborted) this.enqueue(async () => void (await this.advance(events)));
      });
    this.effects.add(effect);
    return () => abort.abort();
  }

  keepAlive(): void {
    this.mailbag.keepAlive();
  }

  /** The live actor threw and is gone; its invocation ends as failed. */
  crashed(error: unknown): void {
    this.enqueue(async () => void (await this.advance([this.failure(error)])));
  }

  /** Resolves when what is queued now has been done. */
  settled(): Promise<void> {
    return this.queue;
  }

  /** Resolves when no effect runs any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.effects);
  }

  /** Stops at once, as a crash would: nothing is acknowledged or appended, the journal is all that remains. */
  stop(how: ChildEnd): void {
    this.mailbag.drop();
    this.folded = null;
    this.endActor(how);
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
    if (!this.actor) this.folded = await this.host.folds.refresh(this.behaviour.machine, this.to);
    const { snapshot, diverged } = this.current();
    const received = await this.behaviour.receive(snapshot, mail);
    const disposition = this.host.decide({
      type: 'mail',
      key: this.key,
      found: received.found,
      verdicts: received.verdicts,
      live: this.actor !== null,
      again: message.redelivered || mail.type === 'resume',
    });
    switch (disposition) {
      case 'leave':
        return;
      case 'drop':
        this.log.warn({ mail: mail.type }, 'mail for an invocation that does not exist was dropped');
        message.ack();
        return;
      case 'duplicate':
        await this.repeat(message);
        return;
    }
    this.mailbag.hold(message);
    if (diverged !== null) this.log.error({ code: 'journal.diverged', diverged }, 'journal diverged');
    const { worker } = this.host.runtime;
    const claim: Record<'admit' | 'refuse' | 'deliver' | 'resume', JournaledEvent[]> = {
      admit: received.admit,
      refuse: received.refuse,
      deliver: received.deliver,
      resume: [{ type: 'resumed', worker, delivery: message.info.deliveryCount }],
    };
    const events: JournaledEvent[] =
      diverged === null
        ? claim[disposition]
        : [{ type: 'failed', error: { code: 'journal.diverged', message: diverged } }];
    const live = this.actor !== null;
    const appended = await this.advance(events, disposition === 'resume');
    if (!appended && !live && tries > 1) await this.receive(message, mail, tries - 1);
  }

  /** Mail that the fold already holds: an ended invocation reports again. */
  private async repeat(message: JsMsg): Promise<void> {
    const { snapshot, seq } = this.current();
    // Ignoring is a decision too: it must not rest on a fold that another worker has outrun.
    if (this.actor && (await this.host.runtime.journal.tail(this.to))?.seq !== seq) return this.stop('fenced');
    if (snapshot.status === 'done') await this.sendAll(snapshot, snapshot, true);
    message.ack();
  }

  /** One step: compute, append, adopt, send, and rest when nothing is left to compute. False when the fence was lost. */
  private async advance(events: JournaledEvent[], again = false): Promise<boolean> {
    const before = this.folded;
    if (!before) return false;
    const { applied, snapshot } = this.compute(before.snapshot, events);
    if (applied.length === 0) return true;
    const result = await this.append(applied, snapshot, before.seq);
    if (result === null) return this.advance([{ type: 'failed', error: TOO_LARGE }]);
    if (this.folded !== before) return false;
    if (result.status === 'fenced') {
      this.log.info({ code: 'journal.fenced' }, 'another writer owns this journal');
      this.stop('fenced');
      return false;
    }
    this.folded = { ...before, snapshot, seq: result.seq, writer: this.host.runtime.worker };
    this.host.folds.keep(this.to, this.folded);
    if (this.actor) for (const event of applied) this.actor.send(event);
    const rests = this.behaviour.rests(snapshot);
    if (!rests && !this.actor) this.actor = this.host.spawn(this.key, this.to, this.behaviour, snapshot);
    await this.sendAll(before.snapshot, snapshot, again);
    if (rests) this.rest(snapshot);
    return true;
  }

  /** Null when the entry is larger than the server takes. */
  private async append(
    events: JournaledEvent[],
    snapshot: AnyMachineSnapshot,
    after: number,
  ): Promise<Appended | null> {
    try {
      return await this.host.runtime.journal.append(this.to, this.entry(events, snapshot), after);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'message.too_large') throw error;
      this.log.error({ code: error.code }, error.message);
      return null;
    }
  }

  /** Folds the events, and those that must follow them. What throws becomes the failure of this invocation. */
  private compute(
    from: AnyMachineSnapshot,
    events: JournaledEvent[],
  ): { applied: JournaledEvent[]; snapshot: AnyMachineSnapshot } {
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
      return { applied, snapshot };
    } catch (error) {
      const failed = this.failure(error);
      return { applied: [failed], snapshot: step(machine, from, failed) };
    }
  }

  private entry(events: JournaledEvent[], snapshot: AnyMachineSnapshot): Entry {
    const { runtime } = this.host;
    return {
      v: ENTRY_VERSION,
      at: runtime.now().toISOString(),
      writer: runtime.worker,
      key: runtime.id(),
      agent: this.to.agent,
      subject: this.behaviour.subject(snapshot),
      events,
      state: stateOf(snapshot),
      digest: contextDigest(snapshot),
    };
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
    const how = snapshot.status === 'done' ? (stateOf(snapshot) as ChildEnd) : 'parked';
    const summary = snapshot.status === 'done' ? this.behaviour.summary(snapshot) : null;
    if (summary) this.log.info({ outcome: how, ...summary }, 'run ended');
    this.endActor(how);
  }

  private endActor(how: ChildEnd): void {
    this.actor = null;
    this.host.ended(this.key, how);
  }

  private crash(error: unknown): JournaledEvent[] {
    return [this.failure(error)];
  }

  private failure(error: unknown): JournaledEvent {
    this.log.error({ err: error }, 'an actor threw; its invocation fails');
    return { type: 'failed', error: describeError(error, 'activation.crashed') };
  }

  private current(): Folded<Behaviour['machine']> {
    if (!this.folded) throw new Error(`the activation of ${this.key} is not loaded`);
    return this.folded;
  }
}
