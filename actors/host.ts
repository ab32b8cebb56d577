import type { JsMsg } from 'nats';
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate';
import type { Mailbox } from '../runtime/address.ts';
import type { Behaviour } from './behaviour.ts';
import type { FoldCache } from './fold-cache.ts';
import type { Forwarded } from './forwarding.ts';
import type { Runtime, Send } from './runtime.ts';
import type { ChildEnd, Disposition, SupervisorEvent } from './supervisor/machine.ts';
import type { Limits } from './supervisor/restart.ts';

/** What an activation asks of its worker. */
export interface Host {
  runtime: Runtime;
  folds: FoldCache;
  readonly limits: Limits;
  decide(event: Extract<SupervisorEvent, { type: 'mail' }>): Disposition;
  spawn(key: string, to: Mailbox, behaviour: Behaviour, snapshot: AnyMachineSnapshot): AnyActorRef;
  ended(key: string, how: ChildEnd): void;
  perform(send: Send): Promise<void>;
  /** Asks the worker that owns an invocation to take its mail. */
  forward(owner: string, message: JsMsg): Promise<Forwarded | 'silent'>;
  /** The queue is empty and nothing is live: forget this activation. */
  idle(activation: { readonly key: string }): void;
  /** No more mail is begun: what is not acknowledged comes again elsewhere. */
  readonly stopping: boolean;
}
