import { createStore } from '@xstate/store';
import type { ChildEnd } from './children.ts';
import type { Disposition } from './machine.ts';

/** What a supervisor has decided and how its children ended, counted since the worker started. */
export interface Supervision {
  decided: Partial<Record<Disposition, number>>;
  ended: Partial<Record<ChildEnd, number>>;
}

/** A worker's counters, as a store: whoever wants to watch them subscribes. */
export function supervision() {
  const context: Supervision = { decided: {}, ended: {} };
  return createStore({
    context,
    on: {
      decided: ({ decided, ended }, { disposition }: { disposition: Disposition }) => ({
        ended,
        decided: { ...decided, [disposition]: (decided[disposition] ?? 0) + 1 },
      }),
      ended: ({ decided, ended }, { how }: { how: ChildEnd }) => ({
        decided,
        ended: { ...ended, [how]: (ended[how] ?? 0) + 1 },
      }),
    },
  });
}
