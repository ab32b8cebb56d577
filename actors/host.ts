import type { JsMsg } from 'nats';
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import type { Behaviour } from './behaviour.ts';
import type { FoldCache } from './fold-cache.ts';
import type { Runtime } from './runtime.ts';
import type { ChildEnd } from './supervisor/children.ts';
import type { Disposition, SupervisorEvent } from './supervisor/machine.ts';
import type { Limits } from './supervisor/restart.ts';

/** What an activation asks of its worker. */
export interface Host {
  runtime: Runtime;
  folds: FoldCache;
  readonly limits: Limits;
  decide(event: Extract<SupervisorEvent, { type: 'mail' }>): Disposition;
  spawn(key: string, behaviour: Behaviour, snapshot: AnyMachineSnapshot): AnyActorRef;
  /** Has a crashed activation wait; its `restart` is called after the delay, unless it has ended by then. */
  restartLater(key: string, delayMs: number): void;
  ended(key: string, how: ChildEnd): void;
  /** Asks the worker that owns an invocation to take its mail; false when it did not, or said nothing. */
  forward(owner: string, message: JsMsg): Promise<boolean>;
  /** The queue is empty and nothing is live: forget this activation. */
  idle(activation: { readonly key: string }): void;
  /** No more mail is begun: what is not acknowledged comes again elsewhere. */
  readonly stopping: boolean;
}
