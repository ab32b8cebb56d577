/** The batch machine: one tick or run-now of a schedule. Lists its targets, starts a run for each, ends when all have. Pure. */
import { type EventObject, fromCallback, setup } from 'xstate';
import type { Address } from '../../runtime/address.ts';
import { addressKey } from '../../runtime/address.ts';
import type { Deferral } from '../../runtime/context/invocation.ts';
import type { BatchEvent, BatchStart, Deferred, Trace } from '../../runtime/journal/entry.ts';
import type { Target } from '../../runtime/pack.ts';
import { isDenied } from '../../runtime/policy/denied.ts';
import type { EffectInput } from '../invocation/machine.ts';
import { deferredBy } from '../invocation/take.ts';

export interface BatchContext {
  address: Address | null;
  batch: BatchStart | null;
  trace: Trace | null;
  claims: number;
  /** Claims since the last event that was none. */
  stalls: number;
  targets: Target[];
  /** Since when workers leave it to others, and why. No part of its essence. */
  deferred?: Deferral | null;
  /** Outcome of each target's run, in the order of `targets`; null until it has reported. */
  outcomes: (string | null)[];
  /** How many have not reported. */
  pending: number;
  error: { code: string; message: string } | null;
}

/** The run of one target of a batch. */
export function targetRun(batch: string, target: string): string {
  return `${batch}-${target}`;
}

const effect = fromCallback<EventObject, EffectInput>(() => undefined);

const machine = setup({
  types: { context: {} as BatchContext, events: {} as BatchEvent },
  actors: { list: effect },
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
    running: {
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
      return { targets: event.targets, outcomes: event.targets.map(() => null), pending: event.targets.length };
    case 'child.reported':
      return {
        outcomes: context.outcomes.with(indexOf(context, event.run), event.outcome),
        pending: context.pending - 1,
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
  return targets.findIndex((target) => target.id === id && targetRun(address?.run ?? '', id) === run);
}

/** What a target's run came to; null while it has not reported, undefined for a run that is none of this batch. */
export function outcomeOf(context: BatchContext, run: string): string | null | undefined {
  return context.outcomes[indexOf(context, run)];
}

/** Whether what the target's run came to is held. */
export function hasReported(context: BatchContext, run: string): boolean {
  return typeof outcomeOf(context, run) === 'string';
}

/** Targets whose run has not reported yet, in list order. */
export function pendingTargets({ targets, outcomes }: BatchContext): Target[] {
  return targets.filter((_, i) => outcomes[i] === null);
}

/** Whether a batch in this state ended before its runs did, so that they are cancelled. */
export function isCutShort(state: string, { error }: Pick<BatchContext, 'error'>): boolean {
  return state === 'cancelled' || (state === 'failed' && isDenied(error));
}

/** What an entry's digest is made over: a batch of thousands is not written out anew for each of its reports. */
export function batchEssence({
  address,
  batch,
  trace,
  claims,
  stalls,
  targets,
  pending,
  error,
}: BatchContext): unknown {
  return { address, batch, trace, claims, stalls, targets: targets.length, pending, error };
}
