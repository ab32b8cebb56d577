/** What the end of an invocation means for those below it, and a cancel for whoever it was sent to. Pure. */
import type { Address } from '../../runtime/address.ts';
import { targetRun } from '../../actors/batch/machine.ts';
import { at, delegated, type Journals } from './tree.ts';
import type { Fault, Kind, Told } from './told.ts';

/** Whom it started: each with its journal, if there is one. */
function below(told: Told, all: Journals): { name: string; child: Told | undefined }[] {
  const { tenant, run } = told.address;
  if (told.kind === 'batch') {
    return told.context.targets.map(({ id }) => ({ name: id, child: at(all, tenant, targetRun(run, id), '0') }));
  }
  return delegated(told)
    .filter(({ started }) => started)
    .map(({ path }) => ({ name: path, child: at(all, tenant, run, path) }));
}

/** Nothing goes on below what has ended, and nothing could below what was cancelled: there, what failed is cancelled, too. */
export function afterEnds(told: Told, all: Journals): Fault[] {
  // What a batch that failed has started goes on by itself.
  if (!told.ended || (told.kind === 'batch' && told.state !== 'cancelled')) return [];
  const shown = told.entries.length;
  return below(told, all).flatMap(({ name, child }): Fault[] => {
    if (!child) return [{ kind: 'lost', message: `it is ${told.state}, and ${name} was never told`, shown }];
    if (!child.ended) return [{ kind: 'stuck', message: `it is ${told.state}, and ${name} is ${child.state}`, shown }];
    const mayGoOn = told.kind === 'invocation' && told.state === 'cancelled' && child.state === 'failed';
    return mayGoOn ? [{ kind: 'stuck', message: `it was cancelled, and ${name} may go on: it is failed`, shown }] : [];
  });
}

export interface Uncancelled {
  kind: Kind;
  run: string;
  message: string;
  told: Told | null;
}

/** Each cancel that was posted has counted: its receiver is final. */
export function uncancelled(cancelled: Address[], all: Journals): Uncancelled[] {
  return cancelled.flatMap(({ tenant, run, path }): Uncancelled[] => {
    const told = at(all, tenant, run, path) ?? null;
    if (told?.ended && (told.kind === 'batch' || told.state !== 'failed')) return [];
    return [{ kind: 'lost', run, message: `its cancel was posted, and it is ${told?.state ?? 'nowhere'}`, told }];
  });
}
