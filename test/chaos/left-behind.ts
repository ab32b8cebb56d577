/** Mail that nobody took, timers that nobody waits for, and timers that are waited for and not there. Pure. */
import { dueTimer } from '../../runtime/context/invocation.ts';
import { unescapeToken } from '../../runtime/subjects.ts';
import { addressKey } from '../../runtime/address.ts';
import { at, type Journals } from './tree.ts';
import type { Records } from './records.ts';
import type { Kind, Told } from './told.ts';

interface Left {
  kind: Kind;
  message: string;
}

export function leftBehind({ mail, unread }: Records, all: Journals): Left[] {
  const stuck = (message: string): Left => ({ kind: 'stuck', message });
  const timers = new Set<string>();
  const left = mail.flatMap((subject): Left[] => {
    const [kind, tenant = '', run = '', path = '', name = ''] = subject.split('.');
    // A cron line stays.
    if (kind === 'cron') return [];
    if (kind !== 'timer') return [stuck(`${subject} still waits in MAIL`)];
    const address = { tenant, run: unescapeToken(run), path };
    timers.add(`${addressKey(address)} ${name}`);
    return awaited(at(all, tenant, address.run, path)).includes(name)
      ? []
      : [stuck(`the timer ${subject} was left behind`)];
  });
  const missing = [...all.values()].flatMap((told) =>
    awaited(told)
      .filter((name) => !timers.has(`${addressKey(told.address)} ${name}`))
      .map((name): Left => ({ kind: 'lost', message: `the timer ${name} of ${addressKey(told.address)} is gone` })),
  );
  const consumers = unread.map(({ consumer, pending, unacked }) =>
    stuck(`${consumer} has ${pending} to deliver and ${unacked} unacknowledged`),
  );
  return [...left, ...missing, ...consumers];
}

/** The timers that an invocation waits for: what has ended waits for none. */
function awaited(told: Told | undefined): string[] {
  if (told?.kind !== 'invocation' || told.ended) return [];
  const { retry, deadline } = told.context.timers;
  return [retry, deadline, dueTimer(told.context)].flatMap((timer) => timer?.name ?? []);
}
