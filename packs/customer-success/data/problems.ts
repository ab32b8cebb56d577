import { PlatformError } from '../../../runtime/sdk.ts';

/** One wrong value, or one line that is no row of its table (then `column` is null). */
export interface Problem {
  file: string;
  line: number;
  column: string | null;
  value: string;
  expected: string;
}

const LISTED = 20;
const SHOWN_VALUE = 80;

/** The problems of a folder. Only the first are kept per check, all are counted. */
export class Problems {
  readonly #found: Problem[] = [];
  #total = 0;

  get total(): number {
    return this.#total;
  }

  /** `total` counts what the check found, `found` are the first of them. */
  add(found: Problem[], total = found.length): void {
    this.#found.push(...found);
    this.#total += total;
  }

  /** Throws `data.invalid` when there is any: one line each, in the order of files and lines. */
  throwIfAny(folder: string): void {
    if (this.#total === 0) return;
    const files = [...new Set(this.#found.map(({ file }) => file))];
    const listed = this.#found
      .toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line)
      .slice(0, LISTED);
    const lines = listed.map(formatProblem);
    if (this.#total > listed.length) lines.push(`… and ${this.#total - listed.length} more`);
    const count = this.#total === 1 ? 'a wrong value' : `${this.#total} wrong values`;
    throw new PlatformError('data.invalid', `the data folder ${folder} has ${count}:\n${lines.join('\n')}`, {
      details: { folder, total: this.#total, problems: listed },
    });
  }
}

/** How many problems of one check are worth looking up. */
export const PER_CHECK = LISTED;

function formatProblem({ file, line, column, value, expected }: Problem): string {
  const shown = value.length > SHOWN_VALUE ? `${value.slice(0, SHOWN_VALUE)}…` : value;
  return `${file}:${line}${column === null ? '' : ` ${column}`}: got ${JSON.stringify(shown)}, expected ${expected}`;
}
