import { listTasks } from './human.ts';
import type { OnUnreadable } from './unreadable.ts';
import type { Records } from '../platform/records.ts';

/** An invocation that the supervisor set aside, and that a person may have go on. */
export interface Quarantined {
  run: string;
  path: string;
  tenant: string;
  agent: string;
  subject: string | null;
  /** ISO time. */
  at: string;
  reason: string;
  /** The question to a person that its failure asked. */
  task: string;
}

/** Invocations that were set aside and that nobody has decided on, the latest first. */
export async function quarantined(
  records: Records,
  tenant = '*',
  onUnreadable: OnUnreadable = () => {},
): Promise<Quarantined[]> {
  const tasks = await listTasks(records, { tenant, limit: Number.POSITIVE_INFINITY, onUnreadable });
  return tasks
    .filter(({ kind }) => kind === 'quarantine')
    .sort((a, b) => (a.opened < b.opened ? 1 : -1))
    .map(({ run, path, tenant, agent, subject, opened, question, task }) => {
      return { run, path, tenant, agent, subject: subject ?? null, at: opened, reason: question, task };
    });
}
