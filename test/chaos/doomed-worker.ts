/**
 * A worker process that dies at many points of many batches at once: `node --import ./bin/sources.mjs doomed-worker.ts <json>`.
 *
 * Each batch has one point. When its work comes there, everything of that batch stands still (its appends and the acks
 * of that mailbox never happen) while the others go on; when all stand at their points, the process kills itself. To
 * whoever comes later, each batch's worker was killed at exactly that instant.
 */
import { writeSync } from 'node:fs';
import { JsMsgImpl } from 'nats/lib/jetstream/jsmsg.js';
import { openTestProcess } from '../../bridge/testing/process.ts';
import { type Address, addressKey } from '../../runtime/address.ts';
import { parseMailbox } from '../../runtime/subjects.ts';
import { testSettings } from '../support/servers.ts';

export type When = 'before' | 'after' | 'sent';

export interface Point {
  batch: string;
  /** The nth append of the batch and its runs, counted from 1, the batch's own `invoked` not counted. */
  append: number;
  /** Before the entry is sent, after it is stored, or when all mail of its step is out and nothing is acknowledged. */
  when: When;
}

export interface Doom {
  settings: Record<string, unknown>;
  cwd: string;
  ackWaitMs: number;
  points: Point[];
  /** Milliseconds: kills itself then even if some point was not reached. */
  patience: number;
}

/** What the process says before it dies. */
export interface LastWords {
  missed: string[];
}

interface Standing extends Point {
  appends: number;
  /** `sent`: set from the append on, until an ack or a further append of this mailbox shows that its mail is out. */
  sealed: string | null;
  reached: boolean;
}

const { settings, cwd, ackWaitMs, points, patience } = JSON.parse(process.argv[2] ?? '{}') as Doom;
const standing: Standing[] = points.map((point) => ({ ...point, appends: 0, sealed: null, reached: false }));
const never = new Promise<never>(() => {});

function pointOf({ run }: Address): Standing | undefined {
  return standing.find(({ batch }) => run === batch || run.startsWith(`${batch}-`));
}

function reach(point: Standing): void {
  point.reached = true;
  if (standing.every(({ reached }) => reached)) die();
}

function die(): void {
  const missed = standing.filter(({ reached }) => !reached).map(({ batch }) => batch);
  writeSync(1, JSON.stringify({ missed } satisfies LastWords));
  process.kill(process.pid, 'SIGKILL');
  // The signal is on its way; nothing may happen meanwhile.
  for (;;);
}

const doomed = await openTestProcess(testSettings(cwd, settings), { ackWaitMs, maxLive: 1024, works: false });
const { journal } = doomed.platform.runtime;
const append = journal.append.bind(journal);
journal.append = async (address, entry, after) => {
  const point = pointOf(address);
  if (!point) return append(address, entry, after);
  if (point.sealed === addressKey(address)) reach(point);
  // The roots that a batch starts are its sends, although they are entries.
  const accepted = entry.events.length === 1 && entry.events[0]?.type === 'invoked';
  if (point.reached || (point.sealed !== null && !accepted)) return never;
  point.appends += 1;
  const last = point.appends === point.append;
  if (last && point.when === 'before') {
    reach(point);
    return never;
  }
  if (last && point.when === 'sent') point.sealed = addressKey(address);
  const appended = await append(address, entry, after);
  if (last && point.when === 'after') {
    reach(point);
    return never;
  }
  return appended;
};

const ack = JsMsgImpl.prototype.ack;
JsMsgImpl.prototype.ack = function (this: InstanceType<typeof JsMsgImpl>): void {
  const mailbox = parseMailbox(this.subject);
  const point = pointOf(mailbox);
  if (point?.sealed !== addressKey(mailbox)) return ack.call(this);
  if (!point.reached) reach(point);
};

await doomed.worker.start();
setTimeout(die, patience);
