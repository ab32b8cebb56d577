/** The people of a journey: what they do as soon as its run waits for them. */
import type { TestPlatform } from '../support/platform.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { type Address, ROOT_PATH } from '../../runtime/address.ts';
import type { HumanTask } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';

/** `approve`: the question is answered; `cancel`: the whole run is cancelled. */
export type StepIn = 'approve' | 'cancel';

const MAIN = 'account_health_main';
const TRACE = { correlation_id: 'people' };

/**
 * Watches all runs of the tenant and steps in where the batch's name says so: `…approve-…`, `…cancel-…`. Resolves when the
 * signal aborts.
 */
export function stepIn({ platform }: TestPlatform, tenant: string, signal: AbortSignal): Promise<void> {
  const { nc, runtime } = platform;
  const done = new Set<string>();
  return watchJournals(nc, runtime.journal, {
    tenant,
    runs: [],
    signal,
    onEntry: async (address, entry) => {
      const task = taskOf(entry);
      const then = /-(approve|cancel)-/.exec(address.run)?.[1];
      if (!task || !then || done.has(task.id)) return;
      done.add(task.id);
      await (then === 'cancel' ? cancel(address) : approve({ ...address, agent: entry.agent }, task));
    },
  });

  function cancel(address: Address): Promise<void> {
    const root = { ...address, path: ROOT_PATH, agent: MAIN };
    return runtime.mailer.post(root, { type: 'cancel', by: 'chaos', reason: 'nobody wants to know' }, TRACE);
  }

  function approve(to: Address & { agent: string }, { id, decides }: HumanTask): Promise<void> {
    const role = decides.role;
    const at = runtime.now().toISOString();
    const decision = {
      id: `d-${id}`,
      task: id,
      answer: 'approve' as const,
      by: decides.name ?? role,
      role,
      note: '',
      at,
    };
    return runtime.mailer.post(to, { type: 'human.decided', decision, edits: null }, TRACE);
  }
}

/** The question that an entry opens. */
function taskOf({ state, events }: StoredEntry): HumanTask | null {
  if (state !== 'waiting_for_human') return null;
  for (const event of events) if (event.type === 'escalated') return event.escalation.task ?? null;
  return null;
}
