/** The events by which a worker claims an invocation, or takes mail into the one it has. */
import type { AnyMachineSnapshot } from 'xstate';
import type { JournaledEvent } from '../runtime/journal/entry.ts';
import type { Behaviour, Received } from './behaviour.ts';

export type Claim = 'admit' | 'refuse' | 'deliver' | 'resume' | 'quarantine';

export async function claim(
  how: Claim,
  received: Received,
  { behaviour, snapshot, diverged, worker, delivery }: Claimed,
): Promise<JournaledEvent[]> {
  if (diverged !== null) return [{ type: 'failed', error: { code: 'journal.diverged', message: diverged } }];
  switch (how) {
    case 'resume':
      return [resumed(worker, delivery)];
    case 'quarantine':
      return [await quarantined(behaviour, snapshot, 'it was taken up again and again without getting any further')];
    default:
      return received[how];
  }
}

interface Claimed {
  behaviour: Behaviour;
  snapshot: AnyMachineSnapshot;
  /** Why the journal does not fold to what its entries say; null when it does. */
  diverged: string | null;
  worker: string;
  /** Which delivery of the mail this is. */
  delivery: number;
}

export function resumed(worker: string, delivery: number): JournaledEvent {
  return { type: 'resumed', worker, delivery };
}

export function quarantined(
  behaviour: Behaviour,
  snapshot: AnyMachineSnapshot,
  message: string,
): Promise<JournaledEvent> {
  return behaviour.quarantined(snapshot, { code: 'activation.quarantined', message });
}
