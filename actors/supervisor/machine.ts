/**
 * The supervisor machine, one per worker: decides what becomes of each mail. Pure.
 *
 * 1. It decides on what the journal says (`found`) and on verdicts computed before the event; its guards only read them.
 * 2. A decision is emitted, and carried out by the worker: the entry is appended first, then a child is claimed.
 * 3. It invokes the actor that spawns and holds all children, under the id `children`.
 */
import { setup } from 'xstate';
import type { Verdict } from '../../runtime/journal/entry.ts';
import { childrenLogic } from './children.ts';

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
    };

export type SupervisorEmitted = { type: 'disposition'; key: string; disposition: Disposition };

const machine = setup({
  types: {
    events: {} as SupervisorEvent,
    emitted: {} as SupervisorEmitted,
    children: {} as { children: 'children' },
  },
  actors: { children: childrenLogic },
});

function isAbandoned({ found, live, rests }: { found: Found; live: boolean; rests: boolean }): boolean {
  return found === 'held' && !live && !rests;
}

const decide = (disposition: Disposition) =>
  machine.emit(({ event }) => ({ type: 'disposition', key: event.type === 'mail' ? event.key : '', disposition }));

export const supervisorMachine = machine.createMachine({
  id: 'supervisor',
  invoke: { id: 'children', src: 'children' },
  initial: 'starting',
  on: { stop: '.stopped' },
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
        drain: 'draining',
      },
    },
    draining: {
      on: { mail: { actions: decide('leave') } },
    },
    stopped: { type: 'final' },
  },
});
