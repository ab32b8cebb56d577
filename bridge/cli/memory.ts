import { Command } from 'commander';
import { limit } from './arguments.ts';
import { inSession } from './session.ts';

export interface MemorySearchOptions {
  subject?: string;
  scope?: string;
  limit: number;
}

export function memoryCommands(): Command {
  const memory = new Command('memory').description('Search long-term memory.');
  memory
    .command('search')
    .argument('<text>', 'what to look for; compared by its words, not by its meaning')
    .description('Search the long-term memories of the agents that have one, best match first.')
    .option('--subject <id>', 'only memories about this subject')
    .option('--scope <agent>', 'only the memories of this agent')
    .option('--limit <n>', 'at most so many', limit, 10)
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform memory search "seasonal dip"\n  agent-platform memory search "usage dip" --subject ID --json',
    )
    .action(async (text: string, options: MemorySearchOptions, command: Command) =>
      inSession(command, async (session) => (await import('./memory-search.ts')).searchMemory(session, text, options)),
    );
  return memory;
}
