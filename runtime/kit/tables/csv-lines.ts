import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

/** Where a record of a CSV file begins. */
export interface RecordStart {
  /** Counted from 1, the header included. */
  line: number;
  byte: number;
}

/**
 * The starts of a file's records after the header. A quoted field may span lines and blank lines are no records, so the
 * n-th row of a table does not stand on line n + 1. Reads the whole file: only done to name the lines of bad rows.
 */
export async function recordStarts(path: string): Promise<RecordStart[]> {
  const starts: RecordStart[] = [];
  let line = 1;
  let byte = 0;
  let quoted = false;
  let between = true;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (const code of chunk) {
      if (between && code !== LF && code !== CR) {
        starts.push({ line, byte });
        between = false;
      }
      if (code === QUOTE) quoted = !quoted;
      if (code === LF) {
        line += 1;
        between = between || !quoted;
      }
      byte += 1;
    }
  }
  return starts.slice(1);
}

/** A copy of a CSV file whose lines all end alike, with as many lines. */
export interface EvenEndings {
  path: string;
  /** The first line that ends otherwise than the header. */
  oddLine: number;
  remove(): Promise<void>;
}

/** Null when the lines end alike already. What stands inside quotes stays as it is. Throws as the file system does. */
export async function withEvenEndings(path: string): Promise<EvenEndings | null> {
  const folder = await mkdtemp(join(tmpdir(), 'line-endings-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const copy = join(folder, 'even.csv');
  const endings = new Endings();
  try {
    await pipeline(
      createReadStream(path),
      (chunks) => endings.evened(chunks),
      createWriteStream(copy, { mode: 0o600 }),
    );
  } catch (error) {
    await remove();
    throw error;
  }
  if (endings.oddLine !== null) return { path: copy, oddLine: endings.oddLine, remove };
  await remove();
  return null;
}

class Endings {
  oddLine: number | null = null;
  #line = 1;
  #first: string | null = null;
  #quoted = false;
  /** A CR was seen and not written yet: what follows says whether it is half of an ending. */
  #held = false;

  async *evened(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) yield this.#even(chunk);
    if (this.#held) yield this.#ended('cr');
  }

  #even(chunk: Buffer): Buffer {
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let length = 0;
    for (const code of chunk) {
      if (this.#held && code !== LF) length += this.#ended('cr').copy(out, length);
      if (code === LF && !this.#quoted) {
        this.#ended(this.#held ? 'crlf' : 'lf');
        this.#line += 1;
      } else if (code === LF) this.#line += 1;
      this.#held = code === CR && !this.#quoted;
      if (code === QUOTE) this.#quoted = !this.#quoted;
      if (!this.#held) out[length++] = code;
    }
    return out.subarray(0, length);
  }

  /** A lone CR ends a line as well, although no editor counts it. */
  #ended(ending: 'lf' | 'crlf' | 'cr'): Buffer {
    this.#first ??= ending;
    if (ending !== this.#first) this.oddLine ??= this.#line;
    this.#held = false;
    return Buffer.from([LF]);
  }
}
