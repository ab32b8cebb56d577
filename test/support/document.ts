import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A step of a tutorial in Markdown: a file shown whole, or commands and what they print. */
export interface Tutorial {
  /** Path → text: a line with nothing but the path in backticks, then the block. */
  files: Map<string, string>;
  /** Blocks of `sh`, and the `text` block that follows one: lines in which `…` stands for anything. */
  commands: { lines: string[]; prints: string[] }[];
  /** Blocks of `json`. */
  examples: unknown[];
}

export function readTutorial(file: URL): Tutorial {
  const text = readFileSync(file, 'utf8');
  const files = new Map<string, string>();
  const commands: Tutorial['commands'] = [];
  const examples: unknown[] = [];
  for (const [, name, language, body = ''] of text.matchAll(/(?:^`([^`\n]+)`\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm)) {
    const lines = body.trimEnd().split('\n');
    if (name !== undefined) files.set(name, body);
    else if (language === 'sh') commands.push({ lines, prints: [] });
    else if (language === 'text') commands.at(-1)?.prints.push(...lines);
    else if (language === 'json') examples.push(JSON.parse(body));
  }
  return { files, commands, examples };
}

export function writeTutorial({ files }: Tutorial, folder: string): void {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** The lines that a document promises and an output does not have. */
export function missingLines(prints: readonly string[], output: string): string[] {
  const got = output.split('\n');
  return prints.filter((line) => {
    const parts = line.split('…').map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const wanted = new RegExp(`^\\s*${parts.join('.*')}\\s*$`);
    return !got.some((each) => wanted.test(each));
  });
}
