/**
 * The supervisor machine, one per worker: decides what becomes of each mail, and spawns every activation. Pure.
 *
 * 1. It decides on what the journal says (`found`) and on verdicts computed before the event; its guards only read them.
 * 2. A decision is emitted, and carried out by the worker: the entry is appended first, `child.claimed` comes after it.
 * 3. A child that ends, parks, is fenced out or crashes is stopped and forgotten: its journal is all that remains.
 */
import { type AnyActorLogic, setup } from 'xstate';
import type { Verdict } from '../../runtime/journal/entry.ts';

/**
 * What the journal says of a mail's receiver: `new`, the mail begins it; `open`, the mail's event changes it; `held`, it
 * is open, the fold already holds the event, and its consequences may not have been sent; `known`, it holds the event and
 * nothing follows from it; `final`; `unknown`, there is none and the mail does not begin one.
 */
export type Found = 'new' | 'open' | 'held' | 'known' | 'final' | 'unknown';

export type Disposition =
  | 'admit'
  | 'refuse'
  | 'deliver'
  | 'resume'
  | 'resend'
  | 'quarantine'
  | 'duplicate'
  | 'drop'
  | 'leave';

/** How an activation of a child ended on this worker. */
export type ChildEnd =
  | 'parked'
  | 'completed'
  | 'escalated'
  | 'refused'
  | 'failed'
  | 'cancelled'
  | 'fenced'
  | 'crashed'
  | 'stopped';

export interface Child {
  agent: string;
  run: string;
  path: string;
}

export type SupervisorEvent =
  | { type: 'started' }
  | { type: 'drain' }
  | { type: 'stop' }
  | {
      type: 'mail';
      key: string;
      found: Found;
      verdicts: Verdict[];
      /** Active on this worker. */
      live: boolean;
      /** Nothing is computed for it: it waits for mail. */
      rests: boolean;
      /** As many claims in a row as are borne got it no further. */
      poison: boolean;
    }
  | { type: 'child.claimed'; key: string; child: Child; logic: AnyActorLogic }
  | { type: 'child.ended'; key: string; how: ChildEnd }
  | { type: `xstate.error.actor.${string}`; actorId: string; error: unknown };

export type SupervisorEmitted =
  | { type: 'disposition'; key: string; disposition: Disposition }
  | { type: 'child.crashed'; key: string; error: unknown };

export interface SupervisorContext {
  children: Record<string, Child>;
}

const machine = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    emitted: {} as SupervisorEmitted,
  },
});

function isAbandoned({ found, live, rests }: { found: Found; live: boolean; rests: boolean }): boolean {
  return found === 'held' && !live && !rests;
}

const decide = (disposition: Disposition) =>
  machine.emit(({ event }) => ({ type: 'disposition', key: event.type === 'mail' ? event.key : '', disposition }));

const spawnChild = machine.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'child.claimed') return;
  enqueue.assign({ children: { ...context.children, [event.key]: event.child } });
  // The typings know ids only of actors that the setup names; these are named by address.
  enqueue.spawnChild(event.logic, { id: event.key as never });
});

const forgetChild = machine.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'child.ended') return;
  enqueue.stopChild(event.key);
  const { [event.key]: _, ...children } = context.children;
  enqueue.assign({ children });
});

/** Handled here, or the error of one child would climb to the root and end every sibling. */
const announceCrash = machine.emit(({ event }) => ({
  type: 'child.crashed',
  key: 'actorId' in event ? event.actorId : '',
  error: 'error' in event ? event.error : null,
}));

export const supervisorMachine = machine.createMachine({
  id: 'supervisor',
  context: { children: {} },
  initial: 'starting',
  on: {
    'child.ended': { actions: forgetChild },
    'xstate.error.actor.*': { actions: announceCrash },
    stop: '.stopped',
  },
  states: {
    starting: { on: { started: 'serving' } },
    serving: {
      on: {
        mail: [
          { guard: ({ event }) => event.found === 'unknown', actions: decide('drop') },
          { guard: ({ event }) => event.found === 'open', actions: decide('deliver') },
          { guard: ({ event }) => event.found === 'held' && event.rests, actions: decide('resend') },
          // Nobody computes it: an owner elsewhere was asked before, and did not answer. That the mail was never delivered
          // before says nothing: a server that lost power forgets deliveries.
          { guard: ({ event }) => isAbandoned(event) && event.poison, actions: decide('quarantine') },
          { guard: ({ event }) => isAbandoned(event), actions: decide('resume') },
          { guard: ({ event }) => event.found !== 'new', actions: decide('duplicate') },
          { guard: ({ event }) => event.verdicts.some((verdict) => !verdict.ok), actions: decide('refuse') },
          { actions: decide('admit') },
        ],
        'child.claimed': { actions: spawnChild },
        drain: 'draining',
      },
    },
    draining: {
      on: { mail: { actions: decide('leave') }, 'child.claimed': { actions: spawnChild } },
    },
    stopped: { type: 'final' },
  },
});
