/** The batch machine: one tick or run-now of a schedule. Lists its targets, starts a run for each, ends when all have. Pure. */
import { type EventObject, fromCallback, setup } from 'xstate';
import type { Address } from '../../runtime/address.ts';
import { addressKey } from '../../runtime/address.ts';
import type { BatchEvent, BatchStart, Trace } from '../../runtime/journal/entry.ts';
import type { Target } from '../../runtime/pack.ts';
import type { EffectInput } from '../invocation/machine.ts';

export interface BatchContext {
  address: Address | null;
  batch: BatchStart | null;
  trace: Trace | null;
  claims: number;
  targets: Target[];
  /** Run id → outcome, for every target whose run has reported. */
  reported: Record<string, string>;
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
  context: () => ({ address: null, batch: null, trace: null, claims: 0, targets: [], reported: {}, error: null }),
  initial: 'admitting',
  on: {
    resumed: { actions: takeEvent },
    failed: { target: '.failed', actions: takeEvent },
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
        'child.reported': { guard: ({ context, event }) => awaits(context, event.run), actions: takeEvent },
        completed: { guard: ({ context }) => allReported(context), target: 'completed' },
      },
    },
    completed: { type: 'final' },
    failed: { type: 'final' },
  },
});

function take(context: BatchContext, event: BatchEvent): Partial<BatchContext> {
  switch (event.type) {
    case 'invoked':
      return { address: event.address, batch: event.batch, trace: event.trace };
    case 'admitted':
    case 'resumed':
      return { claims: context.claims + 1 };
    case 'targets.listed':
      return { targets: event.targets };
    case 'child.reported':
      return { reported: { ...context.reported, [event.run]: event.outcome } };
    case 'failed':
      return { error: event.error };
    case 'completed':
      return {};
  }
}

function awaits(context: BatchContext, run: string): boolean {
  return pendingTargets(context).some((target) => targetRun(context.address?.run ?? '', target.id) === run);
}

export function allReported(context: BatchContext): boolean {
  return pendingTargets(context).length === 0;
}

/** Targets whose run has not reported yet, in list order. */
export function pendingTargets(context: BatchContext): Target[] {
  return context.targets.filter((target) => !(targetRun(context.address?.run ?? '', target.id) in context.reported));
}
