/**
 * What is not final yet of a run's tree, or of a batch and the trees of its runs.
 *
 * A batch may have a hundred thousand runs, of which thousands end at once. Its own journal is read when it has ended, and each
 * run then, and again only when something of it has ended since. No look goes on when its signal has come.
 */
import pMap from 'p-map';
import { AT_ONCE } from '../../runtime/at-once.ts';
import { type Address, ROOT_PATH } from '../../runtime/address.ts';
import type { Platform } from '../platform/platform.ts';
import { ENDED } from '../contract/run-states.ts';
import { readRun, type RunTree } from '../journals/runs.ts';
import { watchJournals } from '../follow/watch.ts';

/** What was cancelled, as its journal stood when it was read. */
export interface Root {
  address: Address;
  state: string;
  /** The runs below a batch that may be open, in its order. */
  runs: readonly string[];
  isBatch: boolean;
}

export class Ending<R extends Root> {
  root: R;
  private readonly platform: Platform;
  private readonly reread: () => Promise<R>;
  /** Run → what of it is not final; null where it was not read yet. */
  private open = new Map<string, string[] | null>();
  private readonly unread = new Set<string>();
  private looking: Promise<void> | null = null;

  constructor(platform: Platform, root: R, reread: () => Promise<R>) {
    this.platform = platform;
    this.root = root;
    this.reread = reread;
    this.begin();
  }

  get isOver(): boolean {
    return this.open.size === 0 && !this.mayGrow;
  }

  /** What is known not to be final; `unread`: how many runs nothing is known of. */
  get left(): { known: string[]; unread: number } {
    const { address, state } = this.root;
    const all = [...this.open.values()];
    const known = all.flatMap((each) => each ?? []);
    const own = this.mayGrow ? [`${address.run} ${address.path} ${state}`] : [];
    return { known: [...own, ...known], unread: all.filter((each) => each === null).length };
  }

  /** Resolves when all is final, or the signal has come. `after`: where the journals stood before the cancel was posted. */
  async wait(after: readonly number[], signal: AbortSignal): Promise<void> {
    const { nc, runtime } = this.platform;
    const { tenant, run } = this.root.address;
    const done = new AbortController();
    const until = AbortSignal.any([signal, done.signal]);
    let rootEnded = !this.mayGrow;
    let failure: unknown = null;
    const look = async (): Promise<void> => {
      if (rootEnded && this.mayGrow) await this.readRoot();
      if (!this.mayGrow) await this.look(until);
      if (this.isOver) done.abort();
    };
    // One look at a time: what ends meanwhile is taken by the next.
    const lookOnce = (): void => {
      this.looking ??= look()
        .catch((error: unknown) => {
          failure = error;
          done.abort();
        })
        .finally(() => {
          this.looking = null;
          if (this.hasMore(rootEnded) && !until.aborted) lookOnce();
        });
    };
    lookOnce();
    await watchJournals(nc, runtime.journal, {
      tenant,
      // Of a batch all are heard: it may have begun further runs than were known when this began.
      runs: this.root.isBatch ? [] : [run],
      after,
      signal: until,
      onEntry: (address, { state }) => {
        if (!ENDED.has(state)) return;
        if (address.run === run && address.path === ROOT_PATH) rootEnded = true;
        if (this.open.has(address.run)) this.unread.add(address.run);
        if (this.hasMore(rootEnded)) lookOnce();
      },
    });
    await this.looking;
    if (failure !== null) throw failure;
  }

  /** Reads the runs of which something may have ended since they were read, until the signal comes. */
  async look(signal: AbortSignal): Promise<void> {
    const { journal } = this.platform.runtime;
    const { address, isBatch } = this.root;
    const read = async (run: string): Promise<void> => {
      if (signal.aborted) return;
      this.unread.delete(run);
      const found = openOf(run, await readRun(journal, { ...address, run }), !isBatch);
      if (found.length === 0) this.open.delete(run);
      else this.open.set(run, found);
    };
    while (this.unread.size > 0 && !signal.aborted) await pMap([...this.unread], read, AT_ONCE);
  }

  /** Reads the root anew; of a batch that has ended since, all runs that it left. */
  async readRoot(): Promise<void> {
    const grew = this.mayGrow;
    this.root = await this.reread();
    if (grew && !this.mayGrow) this.begin();
  }

  /** A batch that goes on begins further runs. */
  private get mayGrow(): boolean {
    return this.root.isBatch && !ENDED.has(this.root.state);
  }

  private hasMore(rootEnded: boolean): boolean {
    return this.mayGrow ? rootEnded : this.unread.size > 0;
  }

  private begin(): void {
    const { isBatch, runs, address } = this.root;
    this.open = new Map((isBatch ? runs : [address.run]).map((run) => [run, null]));
    this.unread.clear();
    for (const run of this.open.keys()) this.unread.add(run);
  }
}

/**
 * The invocations of a tree that are not final; a delegation that was begun and has no journal yet is one. What has failed
 * is at its end, except where it was `told` of the cancel, by us or by its cancelled parent: it will be cancelled. Pure.
 */
export function openOf(run: string, tree: RunTree | null, told: boolean): string[] {
  if (tree === null) return [`${run} 0 accepted`];
  const { address, state, context, children } = tree;
  const begun = context.turns.flatMap((turn) =>
    turn.calls.flatMap(({ status, delegate }) => (delegate && status === 'running' ? [delegate.path] : [])),
  );
  const known = new Set(children.map((child) => child.address.path));
  const isFinal = ENDED.has(state) && !(state === 'failed' && told);
  return [
    ...(isFinal ? [] : [`${run} ${address.path} ${state}`]),
    ...begun.filter((path) => !known.has(path)).map((path) => `${run} ${path} accepted`),
    ...children.flatMap((child) => openOf(run, child, state === 'cancelled')),
  ];
}
