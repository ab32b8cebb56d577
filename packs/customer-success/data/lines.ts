import { createReadStream } from 'node:fs';

/** Where a record of a CSV file begins. */
export interface RecordStart {
  /** Counted from 1, the header included. */
  line: number;
  byte: number;
}

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

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
