/**
 * The batch machine: one tick or run-now of a schedule. Lists its targets, starts a run for each, ends when all have. Of a long
 * list only so many runs are open at once: the next ones are begun as those end, and each block that is begun is journaled. Pure.
 */
import { type EventObject, fromCallback, setup } from 'xstate';
import type { Address } from '../../runtime/address.ts';
import { addressKey } from '../../runtime/address.ts';
import { type Deferral, deferredBy } from '../../runtime/context/invocation.ts';
import type { BatchEvent, BatchStart, Deferred, Trace } from '../../runtime/journal/entry.ts';
import type { Target } from '../../runtime/pack.ts';
import { isDenied } from '../../runtime/policy/denied.ts';
import type { EffectInput } from '../invocation/machine.ts';
import {
  nextBlock,
  noOutcomes,
  type Outcomes,
  outcomeAt,
  placeOf,
  type Progress,
  reached,
  withOutcome,
} from './targets.ts';

export interface BatchContext extends Progress {
  address: Address | null;
  batch: BatchStart | null;
  trace: Trace | null;
  claims: number;
  /** Claims since the last event that was none. */
  stalls: number;
  targets: Target[];
  /** Since when workers leave it to others, and why. Not part of its digest. */
  deferred?: Deferral | null;
  /** Outcome of each target's run, in the order of `targets`; null until it has reported. */
  outcomes: Outcomes;
  /** The run that reported last; null before the first. Not part of its digest. */
  last: string | null;
  error: { code: string; message: string } | null;
}

/** The run of one target of a batch. */
export function targetRun(batch: string, target: string): string {
  return `${batch}-${target}`;
}

const effect = fromCallback<EventObject, EffectInput>(() => undefined);

const machine = setup({
  types: { context: {} as BatchContext, events: {} as BatchEvent },
  actors: { list: effect, begin: effect },
});

const takeEvent = machine.assign(({ context, event }) => take(context, event));

export const batchMachine = machine.createMachine({
  id: 'batch',
  context: () => ({
    address: null,
    batch: null,
    trace: null,
    claims: 0,
    stalls: 0,
    targets: [],
    outcomes: [],
    pending: 0,
    window: null,
    started: 0,
    last: null,
    error: null,
  }),
  initial: 'admitting',
  on: {
    resumed: { actions: takeEvent },
    deferred: { actions: takeEvent },
    failed: { target: '.failed', actions: takeEvent },
    cancelled: { target: '.cancelled', actions: takeEvent },
  },
  states: {
    admitting: {
      on: {
        invoked: { guard: ({ context }) => context.batch === null, actions: takeEvent },
        admitted: { target: 'listing', actions: takeEvent },
      },
    },
    listing: {
      invoke: {
        id: 'list',
        src: 'list',
        input: ({ context }) => ({ key: context.address ? addressKey(context.address) : '', ordinal: 1 }),
      },
      on: { 'targets.listed': { target: 'running', actions: takeEvent } },
    },
    // It begins the next block of a long list, and takes reports meanwhile.
    starting: {
      invoke: {
        id: 'begin',
        src: 'begin',
        input: ({ context }) => ({
          key: context.address ? addressKey(context.address) : '',
          ordinal: context.started + 1,
        }),
      },
      on: {
        'targets.started': {
          guard: ({ context, event }) => event.count > context.started,
          target: 'running',
          actions: takeEvent,
        },
        'child.reported': { guard: ({ context, event }) => outcomeOf(context, event.run) === null, actions: takeEvent },
      },
    },
    running: {
      always: { guard: ({ context }) => nextBlock(context) !== null, target: 'starting' },
      on: {
        'child.reported': { guard: ({ context, event }) => outcomeOf(context, event.run) === null, actions: takeEvent },
        completed: { guard: ({ context }) => context.pending === 0, target: 'completed' },
      },
    },
    completed: { type: 'final' },
    cancelled: { type: 'final' },
    failed: { type: 'final' },
  },
});

function take(context: BatchContext, event: BatchEvent): Partial<BatchContext> {
  if (event.type === 'deferred') return { deferred: deferredBy(context.deferred, event) };
  const stalls = event.type === 'resumed' ? context.stalls + 1 : 0;
  return { ...change(context, event), stalls, ...(context.deferred && { deferred: null }) };
}

function change(context: BatchContext, event: Exclude<BatchEvent, Deferred>): Partial<BatchContext> {
  switch (event.type) {
    case 'invoked':
      return { address: event.address, batch: event.batch, trace: event.trace };
    case 'admitted':
    case 'resumed':
      return { claims: context.claims + 1 };
    case 'targets.listed':
      return {
        targets: event.targets,
        outcomes: noOutcomes(event.targets.length),
        pending: event.targets.length,
        window: event.window ?? null,
        started: event.window === undefined ? event.targets.length : 0,
      };
    case 'targets.started':
      return { started: event.count };
    case 'child.reported':
      return {
        outcomes: withOutcome(context.outcomes, indexOf(context, event.run), event.outcome),
        pending: context.pending - 1,
        last: event.run,
      };
    case 'failed':
      return { error: event.error };
    case 'cancelled':
      return { error: { code: 'run.cancelled', message: `${event.by}: ${event.reason}` } };
    case 'completed':
      return {};
  }
}

function indexOf({ address, targets }: BatchContext, run: string): number {
  const id = run.slice((address?.run.length ?? 0) + 1);
  return targetRun(address?.run ?? '', id) === run ? placeOf(targets, id) : -1;
}

/** What a target's run came to; null while it has not reported, undefined for a run that is none of this batch. */
export function outcomeOf(context: BatchContext, run: string): string | null | undefined {
  const at = indexOf(context, run);
  return at === -1 ? undefined : outcomeAt(context.outcomes, at);
}

/** Whether what the target's run came to is held. */
export function hasReported(context: BatchContext, run: string): boolean {
  return typeof outcomeOf(context, run) === 'string';
}

/** Targets whose run has not reported yet, in list order. */
export function pendingTargets({ targets, outcomes }: BatchContext): Target[] {
  return targets.filter((_, at) => outcomeAt(outcomes, at) === null);
}

/** Targets that may have a run which has not reported, in list order; a run of any other was never begun. */
export function openTargets(context: BatchContext): Target[] {
  return context.targets.slice(0, reached(context)).filter((_, at) => outcomeAt(context.outcomes, at) === null);
}

/** Whether the target's run may have been begun; those behind it in a long list wait for room. */
export function isReached(context: BatchContext, run: string): boolean {
  return indexOf(context, run) < reached(context);
}

/** Whether a batch in this state ended before its runs did, so that they are cancelled. */
export function isCutShort(state: string, { error }: Pick<BatchContext, 'error'>): boolean {
  return state === 'cancelled' || (state === 'failed' && isDenied(error));
}

/** What an entry's digest is made over: a batch of thousands is not written out anew for each of its reports. */
export function batchDigestInput({
  address,
  batch,
  trace,
  claims,
  stalls,
  targets,
  pending,
  window,
  started,
  error,
}: BatchContext): unknown {
  const begun = window === null ? {} : { window, started };
  return { address, batch, trace, claims, stalls, targets: targets.length, pending, ...begun, error };
}
