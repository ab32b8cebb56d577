import type { AnyStateMachine } from 'xstate';
import { type Address, addressKey } from '../runtime/address.ts';
import type { Journal } from '../runtime/journal/journal.ts';
import { type Folded, foldInTurns } from './fold.ts';

const MANY = 256;

/**
 * Recent folds by address. Each use reads what the journal has gained since, so a cached fold is never trusted, only
 * continued: a batch of thousands does not fold its journal anew for every report.
 */
export class FoldCache {
  private readonly journal: Journal;
  private readonly kept: number;
  private readonly folds = new Map<string, Folded<AnyStateMachine>>();

  constructor(journal: Journal, kept = MANY) {
    this.journal = journal;
    this.kept = kept;
  }

  /** `current`: as the journal's leader has it; else as some replica does, which may be behind. */
  async refresh(machine: AnyStateMachine, address: Address, current: boolean): Promise<Folded<AnyStateMachine>> {
    const cached = this.folds.get(addressKey(address));
    const after = cached?.seq ?? 0;
    const entries = await (current ? this.journal.read(address, after) : this.journal.readAny(address, after));
    const folded = await foldInTurns(machine, entries, cached);
    this.keep(address, folded);
    return folded;
  }

  keep(address: Address, folded: Folded<AnyStateMachine>): void {
    const key = addressKey(address);
    this.folds.delete(key);
    this.folds.set(key, folded);
    if (this.folds.size > this.kept) this.folds.delete(this.folds.keys().next().value as string);
  }
}
