/** The one place where text of a command leaves for a terminal, a pipe or a file. */
import { forTerminal, jsonText } from './terminal.ts';

/** Writes lines that people read. */
export function tell(stream: NodeJS.WritableStream, text: string): void {
  stream.write(`${forTerminal(text)}\n`);
}

/** Writes one JSON document on stdout, on one line unless `indent` is given. */
export function tellJson(document: unknown, indent?: number): void {
  process.stdout.write(`${jsonText(document, indent)}\n`);
}
