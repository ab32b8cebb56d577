/**
 * The invocation machine: what an agent invocation may do, as states and guarded transitions. Pure.
 *
 * 1. Its events are the journaled ones and nothing else: effect actors hand their results to the activation, which
 *    appends the event first and sends it here afterwards.
 * 2. Guards read the verdicts that stand in the event. They never evaluate a rule, so a journal folds to the same state
 *    under every later release of the rules.
 * 3. `reporting`, `escalating` and `failing` are never the last state of an entry: the event that leaves them is in it.
 * 4. Results, deadlines and cancels are handled at the root, in every state that is not final.
 * 5. While a person is asked nothing runs: the turn is held, and starts, or is sent back, by the answer.
 */
import { type EventObject, fromCallback, setup } from 'xstate';
import { addressKey } from '../../runtime/address.ts';
import {
  emptyInvocation,
  type InvocationContext,
  MAX_CORRECTIONS,
  openTask,
} from '../../runtime/context/invocation.ts';
import type { InvocationEvent } from '../../runtime/journal/entry.ts';
import { asksModel, counts, expires, isAside, isDeadline, isHeld, isOpen } from './people.ts';
import { allSettled, fails, isAwaited, isCorrection, markRunning, runningCalls, startable, take } from './take.ts';

/** What an effect actor is started with: whose effect it is, and its step ordinal. */
export interface EffectInput {
  key: string;
  ordinal: number;
}

/** Machines are written without their effects; a worker provides them. */
const effect = fromCallback<EventObject, EffectInput>(() => undefined);

const machine = setup({
  types: { context: {} as InvocationContext, events: {} as InvocationEvent },
  actors: { model: effect, call: effect },
});

const takeEvent = machine.assign(({ context, event }) => take(context, event));

/** Delegations are no actors: the activation sends their mail once the entry is appended. */
const startCalls = machine.enqueueActions(({ context, enqueue }) => {
  const starting = startable(context);
  if (starting.length === 0) return;
  enqueue.assign({ turns: markRunning(context, starting) });
  for (const { ordinal, kind } of starting) {
    if (kind !== 'delegate')
      enqueue.spawnChild('call', { id: `call-${ordinal}`, input: { key: keyOf(context), ordinal } });
  }
});

const stopCall = machine.enqueueActions(({ event, enqueue }) => {
  if (event.type === 'tool.settled') enqueue.stopChild(`call-${event.ordinal}`);
});

const stopCalls = machine.enqueueActions(({ context, enqueue }) => {
  for (const { ordinal, kind } of runningCalls(context)) if (kind !== 'delegate') enqueue.stopChild(`call-${ordinal}`);
});

export const invocationMachine = machine.createMachine({
  id: 'invocation',
  context: emptyInvocation,
  initial: 'admitting',
  on: {
    resumed: { actions: takeEvent },
    deferred: { actions: takeEvent },
    'tool.settled': {
      guard: ({ context, event }) => runningCalls(context).some((call) => call.ordinal === event.ordinal),
      actions: [takeEvent, stopCall, startCalls],
    },
    'child.reported': [
      {
        guard: ({ context, event }) => event.denied !== undefined && isAwaited(context, event.path),
        target: '.failing',
        actions: [stopCalls, takeEvent],
      },
      { guard: ({ context, event }) => isAwaited(context, event.path), actions: [takeEvent, startCalls] },
    ],
    'timer.fired': {
      guard: ({ context, event }) => isDeadline(context, event.name),
      target: '.failing',
      actions: [stopCalls, takeEvent],
    },
    'deadline.moved': {
      guard: ({ context, event }) => context.timers.deadline?.name === event.from,
      actions: takeEvent,
    },
    failed: { target: '.failed', actions: [stopCalls, takeEvent] },
    cancelled: { target: '.cancelled', actions: [stopCalls, takeEvent] },
  },
  states: {
    admitting: {
      on: {
        invoked: { guard: ({ context }) => context.invocation === null, actions: takeEvent },
        admitted: {
          guard: ({ event }) => event.verdicts.every((verdict) => verdict.ok),
          target: 'thinking',
          actions: takeEvent,
        },
        refused: { target: 'refused', actions: takeEvent },
      },
    },
    thinking: {
      invoke: {
        id: 'model',
        src: 'model',
        input: ({ context }) => ({ key: keyOf(context), ordinal: context.ordinal + 1 }),
      },
      on: {
        'model.replied': [
          { guard: ({ event }) => fails(event, 'turns.left'), target: 'failing', actions: takeEvent },
          { guard: ({ event }) => event.escalation !== null, target: 'escalating', actions: takeEvent },
          { guard: ({ event }) => event.report !== null, target: 'reporting', actions: takeEvent },
          {
            guard: ({ context, event }) => isCorrection(event) && context.corrections >= MAX_CORRECTIONS,
            target: 'failing',
            actions: takeEvent,
          },
          { target: 'acting', actions: takeEvent },
        ],
        'model.failed': [
          { guard: ({ event }) => event.retry !== null, target: 'backing_off', actions: takeEvent },
          { guard: ({ event }) => event.escalation !== undefined, target: 'escalating', actions: takeEvent },
          { target: 'failing', actions: takeEvent },
        ],
      },
    },
    backing_off: {
      on: {
        'timer.fired': {
          guard: ({ context, event }) => context.timers.retry?.name === event.name,
          target: 'thinking',
          actions: takeEvent,
        },
      },
    },
    acting: {
      entry: startCalls,
      always: { guard: ({ context }) => allSettled(context), target: 'thinking' },
    },
    reporting: { on: { completed: 'completed' } },
    failing: {},
    escalating: {
      on: {
        escalated: [
          { guard: ({ event }) => event.escalation.target === 'parent', target: 'escalated', actions: takeEvent },
          { target: 'waiting_for_human', actions: takeEvent },
        ],
      },
    },
    waiting_for_human: {
      on: {
        'human.decided': [
          { guard: ({ context, event }) => !counts(context, event) && isOpen(context, event), actions: takeEvent },
          { guard: ({ context, event }) => !isOpen(context, event) },
          { guard: ({ event }) => event.decision.answer === 'reject', target: 'refused', actions: takeEvent },
          {
            guard: ({ context, event }) => event.decision.answer === 'ask_again' || asksModel(context),
            target: 'thinking',
            actions: takeEvent,
          },
          { guard: ({ event }) => event.report !== null, target: 'reporting', actions: takeEvent },
          { target: 'acting', actions: takeEvent },
        ],
        'timer.fired': [
          {
            guard: ({ context, event }) => expires(context, event.name, 'escalate'),
            target: 'escalated',
            actions: takeEvent,
          },
          {
            guard: ({ context, event }) => expires(context, event.name, 'approve') && context.report !== null,
            target: 'reporting',
            actions: takeEvent,
          },
          {
            guard: ({ context, event }) => expires(context, event.name, 'approve'),
            target: 'acting',
            actions: takeEvent,
          },
          {
            guard: ({ context, event }) => expires(context, event.name, 'refuse'),
            target: 'refused',
            actions: takeEvent,
          },
        ],
      },
    },
    completed: { type: 'final' },
    escalated: { type: 'final' },
    refused: { type: 'final' },
    cancelled: { type: 'final' },
    // Not final: a person may have it go on. Until then only late reports of its delegates are taken.
    failed: {
      on: {
        retried: [
          // Where a person is asked whether it goes on, that answer is what has it go on.
          { guard: ({ context }) => context.claims === 0 || openTask(context)?.kind === 'quarantine' },
          { guard: ({ context }) => isHeld(context), target: 'waiting_for_human', actions: takeEvent },
          { guard: ({ context }) => !allSettled(context), target: 'acting', actions: takeEvent },
          { target: 'thinking', actions: takeEvent },
        ],
        'human.decided': [
          { guard: ({ context, event }) => !isAside(context, event) },
          {
            guard: ({ context, event }) => !counts(context, event) || event.decision.answer !== 'approve',
            actions: takeEvent,
          },
          { guard: ({ context }) => isHeld(context), target: 'waiting_for_human', actions: takeEvent },
          { guard: ({ context }) => !allSettled(context), target: 'acting', actions: takeEvent },
          { target: 'thinking', actions: takeEvent },
        ],
        'child.reported': {
          guard: ({ context, event }) => isAwaited(context, event.path),
          actions: takeEvent,
        },
        'tool.settled': {},
        'timer.fired': {},
        'deadline.moved': {},
        resumed: {},
        failed: {},
      },
    },
  },
});

function keyOf(context: InvocationContext): string {
  return context.invocation ? addressKey(context.invocation.address) : '';
}
