/**
 * A worker: takes mail for the agents and schedules it hosts, and runs their activations under one supervisor.
 *
 * Owns the consumers' pulls, the registry of activations and their slots; not the connections.
 * 1. Mail for one address goes to one activation, in the order it came.
 * 2. Open pulls together never ask for more than the free slots.
 * 3. Held mail is kept alive as long as its activation lives; the ack wait bounds how long a dead worker keeps it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { JsMsg, Msg, NatsConnection, Subscription } from 'nats';
import { type ActorRefFrom, type AnyActorRef, type AnyMachineSnapshot, createActor, fromCallback } from 'xstate';
import { patiently } from '../runtime/bus/patience.ts';
import { addressKey, type Mailbox } from '../runtime/address.ts';
import { listen } from '../runtime/bus/presence.ts';
import { parseMail, type Tick } from '../runtime/mail/mail.ts';
import { NEXT_HEADER } from '../runtime/schedules/cron-messages.ts';
import { hostSubject, parseMailbox, workerSubject, isBatchAgent } from '../runtime/subjects.ts';
import { Activation } from './activation.ts';
import { batchBehaviour } from './batch/behaviour.ts';
import { batchMachine } from './batch/machine.ts';
import type { Behaviour, EffectKind } from './behaviour.ts';
import { ensureConsumers, hostedAgents } from './consumers.ts';
import { FoldCache } from './fold-cache.ts';
import { type Forwarded, forward, WorkerRequest } from './forwarding.ts';
import type { Host } from './host.ts';
import { invocationBehaviour } from './invocation/behaviour.ts';
import { type EffectInput, invocationMachine } from './invocation/machine.ts';
import type { Runtime } from './runtime.ts';
import { Pulls } from './pulls.ts';
import { Slots } from './slots.ts';
import type { ChildEnd, childrenLogic } from './supervisor/children.ts';
import { type Disposition, supervisorMachine } from './supervisor/machine.ts';
import { type Supervision, supervision } from './supervisor/counters.ts';
import type { Limits } from './supervisor/restart.ts';
import { restored } from './supervisor/restored.ts';

export interface WorkerOptions {
  maxLive: number;
  ackWaitMs: number;
  /** How long a stopping worker lets steps in hand finish. */
  graceMs: number;
  limits: Limits;
  /** Begins the batch of a schedule's tick; `next` is the tick after it. Without it, ticks are left to other workers. */
  onTick?(tick: Tick, next: Date | null): Promise<void>;
}

/** Per consumer of mail: enough that open pulls for mail never keep roots from beginning. */
const LEAST_SLOTS = 4;
/** How long a stopping worker waits for tools that do not heed their signal. */
const QUIET_MS = 5_000;

export class Worker implements Host {
  readonly runtime: Runtime;
  readonly folds: FoldCache;
  readonly limits: Limits;
  private readonly nc: NatsConnection;
  private readonly options: WorkerOptions;
  private readonly supervisor = createActor(supervisorMachine);
  private readonly children = this.supervisor.getSnapshot().children.children as ActorRefFrom<typeof childrenLogic>;
  private readonly counters = supervision();
  private readonly activations = new Map<string, Activation>();
  private readonly slots: Slots;
  private readonly invocations: Behaviour;
  private readonly batches: Behaviour;
  private readonly pulls: Pulls;
  private keepAlive: NodeJS.Timeout | undefined;
  private requests: Subscription | undefined;
  /** By which others know whose mail it takes. */
  private presence: Subscription[] = [];
  private onEmpty = (): void => {};
  stopping = false;

  constructor(nc: NatsConnection, runtime: Runtime, options: WorkerOptions) {
    this.nc = nc;
    this.runtime = runtime;
    this.options = options;
    this.limits = options.limits;
    this.folds = new FoldCache(runtime.journal);
    const count = Math.max(options.maxLive, LEAST_SLOTS * hostedAgents(runtime.catalog).length);
    this.slots = new Slots(count);
    this.pulls = new Pulls({
      slots: this.slots,
      count,
      log: runtime.log,
      take: (message) => this.route(message),
      repair: async () => void (await this.consumers()),
    });
    const effect = (kind: EffectKind) =>
      fromCallback<never, EffectInput>(({ input }) => this.activations.get(input.key)?.start(kind, input.ordinal));
    this.invocations = invocationBehaviour(
      runtime,
      invocationMachine.provide({ actors: { model: effect('model'), call: effect('call') } as never }),
    ) as unknown as Behaviour;
    this.batches = batchBehaviour(
      runtime,
      batchMachine.provide({ actors: { list: effect('list'), begin: effect('begin') } as never }),
    ) as unknown as Behaviour;
  }

  /** What it computes, and what waits for a restart, right now; what it has decided and ended since it started. */
  get vitals(): Supervision & { live: number; restarting: number } {
    const restarting = [...this.children.getSnapshot().context.values()].filter((child) => child === null).length;
    return { live: this.activations.size - restarting, restarting, ...this.counters.getSnapshot().context };
  }

  /** Creates the consumers that are missing and begins to take mail. */
  async start(): Promise<void> {
    const { log, worker } = this.runtime;
    const { mail, start } = await patiently(this.nc, () => this.consumers());
    this.supervisor.start();
    this.children.on('child.crashed', ({ key, error }) => this.activations.get(key)?.crashed(error));
    this.children.on('child.due', ({ key }) => this.activations.get(key)?.restart());
    this.supervisor.send({ type: 'started' });
    this.pulls.open(mail, start);
    this.requests = this.nc.subscribe(workerSubject(worker), { callback: (_, message) => void this.answer(message) });
    this.presence = hostedAgents(this.runtime.catalog).map((agent) => listen(this.nc, hostSubject(agent)));
    this.keepAlive = setInterval(() => {
      for (const activation of this.activations.values()) activation.keepAlive();
    }, this.options.ackWaitMs / 3);
    log.debug({ worker }, 'worker serves');
  }

  /** The consumers of all that this worker hosts; makes those that are missing. */
  private consumers(): ReturnType<typeof ensureConsumers> {
    return ensureConsumers(this.nc, hostedAgents(this.runtime.catalog), this.options.ackWaitMs);
  }

  /**
   * Drains: takes no more mail, lets the steps in hand finish within the grace period, and hands the rest back at once.
   * Idempotent.
   */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.supervisor.send({ type: 'drain' });
    for (const activation of this.activations.values()) activation.drain();
    for (const each of this.presence) each.unsubscribe();
    await this.pulls.close();
    await within(this.options.graceMs, this.emptied());
    const live = [...this.activations.values()];
    for (const activation of live) activation.handBack();
    await within(QUIET_MS, Promise.all(live.map((activation) => activation.quiet())));
    clearInterval(this.keepAlive);
    this.requests?.unsubscribe();
    await this.nc.flush();
    this.supervisor.send({ type: 'stop' });
    this.supervisor.stop();
    this.runtime.log.debug({ worker: this.runtime.worker, ...this.counters.getSnapshot().context }, 'worker stopped');
  }

  /** Resolves when no activation is left. */
  private emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.onEmpty = resolve;
      if (this.activations.size === 0) resolve();
    });
  }

  /** Resolves when the steps that have begun are finished: their entries appended, what they send confirmed. */
  async settled(): Promise<void> {
    await Promise.all([...this.activations.values()].map((activation) => activation.settled()));
  }

  /** Hands a mail, which comes with one slot, to the activation of its address. */
  private route(message: JsMsg): void {
    const to = parseMailbox(message.subject);
    const mail = parseMail(message.string());
    if (!mail) {
      this.runtime.log.error({ subject: message.subject }, 'a message that is no mail was removed');
      message.term();
      this.slots.give(1);
      return;
    }
    if (mail.type === 'tick') {
      void this.tick(message, mail);
      return;
    }
    const key = addressKey(to);
    const known = this.activations.get(key);
    if (known) this.slots.give(1);
    const activation = known ?? new Activation(this, this.behaviourOf(to), key, to);
    this.activations.set(key, activation);
    activation.deliver(message, mail);
  }

  private async tick(message: JsMsg, tick: Tick): Promise<void> {
    const next = message.headers?.get(NEXT_HEADER) ?? '';
    try {
      if (!this.options.onTick) return;
      await this.options.onTick(tick, Number.isNaN(Date.parse(next)) ? null : new Date(next));
      message.ack();
    } catch (err) {
      this.runtime.log.error({ err, schedule: tick.schedule }, 'a tick could not begin its batch; it comes again');
    } finally {
      this.slots.give(1);
    }
  }

  private behaviourOf(to: Mailbox): Behaviour {
    return isBatchAgent(to.agent) ? this.batches : this.invocations;
  }

  decide(event: Parameters<Host['decide']>[0]): Disposition {
    let decided: Disposition = 'leave';
    const subscription = this.supervisor.on('disposition', ({ disposition }) => {
      decided = disposition;
    });
    this.supervisor.send(event);
    subscription.unsubscribe();
    this.counters.trigger.decided({ disposition: decided });
    return decided;
  }

  spawn(key: string, behaviour: Behaviour, snapshot: AnyMachineSnapshot): AnyActorRef {
    const logic = restored(behaviour.machine, snapshot);
    this.children.send({ type: 'child.claimed', key, logic });
    const spawned = this.children.getSnapshot().context.get(key);
    if (!spawned) throw new Error(`the supervisor did not start ${key}`);
    return spawned;
  }

  restartLater(key: string, delayMs: number): void {
    this.children.send({ type: 'child.restarting', key, delayMs });
  }

  ended(key: string, how: ChildEnd): void {
    this.children.send({ type: 'child.ended', key });
    this.counters.trigger.ended({ how });
  }

  async forward(owner: string, message: JsMsg): Promise<boolean> {
    const { subject, seq } = message;
    const answer = await forward(this.nc, owner, { type: 'forward', subject, seq, body: message.string() });
    if (answer === 'journaled') message.ack();
    return answer === 'journaled' || answer === 'mine';
  }

  /** Answers what another worker asks. */
  private async answer(message: Msg): Promise<void> {
    const parsed = WorkerRequest.safeParse(parseJson(message.string()));
    if (!parsed.success) return;
    const request = parsed.data;
    if (request.type === 'kill') {
      const found = this.activations.get(request.key);
      found?.stop('crashed');
      message.respond(JSON.stringify(found ? 'stopped' : 'not mine'));
      return;
    }
    const activation = this.activations.get(addressKey(parseMailbox(request.subject)));
    const mail = parseMail(request.body);
    const answer: Forwarded = activation && mail ? await activation.takeForward(request.seq, mail) : 'not mine';
    message.respond(JSON.stringify(answer));
  }

  idle(activation: { readonly key: string }): void {
    if (this.activations.get(activation.key) !== activation) return;
    this.activations.delete(activation.key);
    this.slots.give(1);
    if (this.activations.size === 0) this.onEmpty();
  }
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const given = new AbortController();
  await Promise.race([work, pause(ms, undefined, { signal: given.signal }).catch(() => {})]);
  given.abort();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
