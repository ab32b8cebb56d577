import { PlatformError } from '../../config/errors.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { Found, MemoryIndex, Scope } from './index.ts';
import type { MemoryRecord } from './record.ts';

/**
 * Keeps the index of each scope as complete as the record. Redis may lose a key, a scope or its latest writes without a word.
 *
 * 1. Before the first answer of a process about a scope, what is recorded, vectors and hashes are counted; after that, record
 *    and vectors now and then, and at once when the set has shrunk, the mark is gone or the connection was lost.
 * 2. What is missing is added from the record, what the record does not hold is removed, and nothing else is touched. Processes
 *    that do so at the same time share the work: each begins elsewhere, and skips what is there by then.
 * 3. Vectors of another record or of another embedder are dropped and made anew.
 * 4. A memory is recorded before it is indexed, and the index is read before the record: what is indexed and not recorded is a
 *    stranger, not a newcomer.
 */
const CHECK_EVERY_MS = 10_000;
const TRIES = 3;
const AT_ONCE = 64;

interface State {
  /** The check that runs, for all who come meanwhile. */
  running: Promise<void> | null;
  /** When the last one ended well; null: one is due. */
  checkedAt: number | null;
  /** The record that it was made against. */
  record: string | null;
  /** Vectors that there were then, or have been since. */
  vectors: number;
  /** Messages of the record that are no memories, and so have no vectors. */
  gap: number;
  /** False: Redis did not take the mark. */
  marked: boolean;
  /** How often it was doubted: a check that was under way meanwhile proves nothing. */
  doubts: number;
}

export class Upkeep {
  private readonly record: MemoryRecord;
  private readonly index: MemoryIndex;
  private readonly holdings: Holdings;
  private readonly states = new Map<string, State>();
  /** Memories that were added because they were missing. */
  added = 0;

  constructor(record: MemoryRecord, index: MemoryIndex, holdings: Holdings) {
    this.record = record;
    this.index = index;
    this.holdings = holdings;
  }

  /** Resolves when the scope is complete. @throws PlatformError `memory.incomplete`, `redis.…` */
  async ready(scope: Scope): Promise<void> {
    const { checkedAt } = this.state(scope);
    if (checkedAt === null || performance.now() - checkedAt > CHECK_EVERY_MS) await this.check(scope);
  }

  /** The same, whenever the last check was. Callers that come together share one. */
  async check(scope: Scope): Promise<void> {
    const state = this.state(scope);
    const running = (state.running ??= this.complete(scope, state).finally(() => {
      state.running = null;
    }));
    await running;
  }

  /** Whether an answer tells that something has been lost since the last check. */
  isDoubtful(scope: Scope, { vectors, completeFor }: Found): boolean {
    const state = this.state(scope);
    if (vectors < state.vectors || (state.marked && completeFor !== state.record)) return true;
    state.vectors = vectors;
    return false;
  }

  /** A memory was recorded and not indexed: whoever asks next looks first, in this process and, if Redis takes it, in others. */
  async doubt(scope: Scope): Promise<void> {
    doubted(this.state(scope));
    await this.holdings.setComplete(scope, null).catch(() => {});
  }

  /** Nothing that was counted before holds for sure. */
  doubtAll(): void {
    for (const state of this.states.values()) doubted(state);
  }

  /** Writes a scope anew, all of it. Returns the ids that are recorded; `each` is told how many more are indexed. */
  async rebuild(scope: Scope, each: (more: number) => void): Promise<Set<string>> {
    const created = await this.record.created();
    const holding = await this.holdings.of(scope);
    if (isOfAnother(holding, created)) await this.holdings.drop(scope, holding);
    const { recorded } = await this.mend(scope, { all: true, each });
    await this.holdings.setComplete(scope, created);
    this.states.delete(key(scope));
    return recorded;
  }

  /** (1) (3) */
  private async complete(scope: Scope, state: State): Promise<void> {
    for (let tries = TRIES; tries > 0; tries--) {
      const { doubts } = state;
      const [created, recorded] = await Promise.all([this.record.created(), this.record.count(scope)]);
      const seen = await this.holdings.of(scope);
      const foreign = isOfAnother(seen, created);
      if (foreign) await this.holdings.drop(scope, seen);
      if (foreign || recorded - seen.vectors !== state.gap || !(await this.hasItsHashes(scope, state, seen))) {
        const { memories, gap } = await this.mend(scope, { all: false });
        const after = await this.holdings.of(scope);
        if (after.vectors < memories) continue; // lost while we looked
        Object.assign(state, { gap, vectors: after.vectors });
      } else state.vectors = seen.vectors;
      if (state.doubts !== doubts) continue;
      state.record = created;
      // A server that takes no writes still answers, and what it has is complete.
      state.marked = await this.holdings.setComplete(scope, created).then(
        () => true,
        () => false,
      );
      if (state.doubts === doubts) state.checkedAt = performance.now();
      return;
    }
    throw incomplete(scope);
  }

  /** Looked at once: later, a vector whose hash is gone tells so by itself when it is found. */
  private async hasItsHashes(scope: Scope, { record }: State, { vectors }: Holding): Promise<boolean> {
    if (record !== null || vectors === 0) return true;
    const ids = await this.holdings.ids(scope);
    return (await this.holdings.hashes(scope, ids)) === ids.length;
  }

  /** (2) (4) */
  private async mend(
    { tenant, scope }: Scope,
    { all, each = () => {} }: { all: boolean; each?: (more: number) => void },
  ): Promise<{ recorded: Set<string>; memories: number; gap: number }> {
    const refOf = (id: string) => ({ tenant, scope, id });
    const indexed = await this.holdings.ids({ tenant, scope });
    const { ids, messages } = await this.record.ids({ tenant, scope });
    const recorded = new Set(ids);
    await this.index.remove(indexed.filter((id) => !recorded.has(id)).map(refOf));
    const missing = async (refs: readonly { id: string }[]): Promise<string[]> => {
      const there = all ? [] : await this.index.has(refs.map(({ id }) => refOf(id)));
      return refs.flatMap(({ id }, i) => (there[i] === true ? [] : [id]));
    };
    const lacking = await missing(ids.map(refOf));
    const start = Math.floor(Math.random() * lacking.length);
    const turned = [...lacking.slice(start), ...lacking.slice(0, start)];
    let unreadable = 0;
    for (let i = 0; i < turned.length; i += AT_ONCE) {
      const wanted = await missing(turned.slice(i, i + AT_ONCE).map(refOf));
      const memories = await this.record.load({ tenant, scope }, wanted);
      await this.index.add(memories);
      this.added += memories.length;
      unreadable += wanted.length - memories.length;
      each(memories.length);
    }
    return { recorded, memories: ids.length - unreadable, gap: messages - ids.length + unreadable };
  }

  private state(scope: Scope): State {
    let state = this.states.get(key(scope));
    if (state === undefined) {
      state = { running: null, checkedAt: null, record: null, vectors: 0, gap: 0, marked: false, doubts: 0 };
      this.states.set(key(scope), state);
    }
    return state;
  }
}

function doubted(state: State): void {
  state.checkedAt = null;
  state.doubts += 1;
}

function isOfAnother({ fits, completeFor }: Holding, record: string): boolean {
  return !fits || (completeFor !== null && completeFor !== record);
}

export function incomplete({ tenant, scope }: Scope): PlatformError {
  return new PlatformError(
    'memory.incomplete',
    `the index of the memories of ${scope} (tenant ${tenant}) loses what is added to it, so a recall could miss some; see ` +
      'what `agent-platform doctor` says of redis and memory',
  );
}

function key({ tenant, scope }: Scope): string {
  return JSON.stringify([tenant, scope]);
}
