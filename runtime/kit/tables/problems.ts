import { PlatformError } from '../../../config/errors.ts';
import type { Finding } from '../../definitions/resolved.ts';
import { type DataProblem, formatDataProblem } from '../../pack.ts';

/** One wrong value, or one line that is no row of its table (then `column` is null). */
export interface WrongValue {
  file: string;
  line: number;
  column: string | null;
  value: string;
  expected: string;
}

/** How many an error's message lists. */
const LISTED = 20;
/** How many problems of one check are worth looking up. */
export const PER_CHECK = 1_000;

/** The problems of a folder. Only the first are kept per check, all are counted. */
export class Problems {
  readonly #missing: DataProblem[] = [];
  readonly #wrong: DataProblem[] = [];
  /** What was found and not kept, as `and 12 more` of a file and column. */
  readonly #rest: DataProblem[] = [];
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** A file or column that is not there. */
  missing(file: string, message: string, line: number | null = null): void {
    this.#missing.push({ file, line, column: null, value: null, message });
    this.#total += 1;
  }

  /** A file as a whole is wrong. */
  unreadable(file: string, message: string, line: number | null = null): void {
    this.#wrong.push({ file, line, column: null, value: null, message });
    this.#total += 1;
  }

  /** Something in a file that people write. */
  found({ file, line, column, path, message }: Finding): void {
    this.#wrong.push({ file, line, position: column, column: path === '' ? null : path, value: null, message });
    this.#total += 1;
  }

  /** `total` counts what the check found, `found` are the first of them. */
  add(found: WrongValue[], total = found.length): void {
    for (const { expected, ...where } of found) this.#wrong.push({ ...where, message: `expected ${expected}` });
    const last = found.at(-1);
    if (last && total > found.length) {
      const message = `and ${total - found.length} more, expected ${last.expected}`;
      this.#rest.push({ file: last.file, line: null, column: last.column, value: null, message });
    }
    this.#total += total;
  }

  /** In the order of files and lines; what is missing comes first. */
  list(): DataProblem[] {
    const files = [...new Set(this.#wrong.map(({ file }) => file))];
    const sorted = this.#wrong.toSorted(
      (a, b) =>
        files.indexOf(a.file) - files.indexOf(b.file) ||
        (a.line ?? 0) - (b.line ?? 0) ||
        (a.position ?? 0) - (b.position ?? 0),
    );
    return [...this.#missing, ...sorted, ...this.#rest];
  }

  /** Throws `data.missing` when something is missing, else `data.invalid` when anything is wrong: one line each. */
  throwIfAny(folder: string): void {
    if (this.#missing.length > 0) {
      const missing = this.#missing.map(formatDataProblem);
      throw new PlatformError('data.missing', `the data folder ${folder} is incomplete:\n${missing.join('\n')}`, {
        details: { folder, missing },
      });
    }
    if (this.#total === 0) return;
    const listed = this.list().slice(0, LISTED);
    const lines = listed.map(formatDataProblem);
    if (this.#total > listed.length) lines.push(`… and ${this.#total - listed.length} more`);
    const count = this.#total === 1 ? 'a wrong value' : `${this.#total} wrong values`;
    throw new PlatformError('data.invalid', `the data folder ${folder} has ${count}:\n${lines.join('\n')}`, {
      details: { folder, total: this.#total, problems: listed },
    });
  }
}
