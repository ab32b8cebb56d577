import { Command } from 'commander';
import type { MemorySearchOptions } from './actions/memory-search.ts';
import type { MemoryAddOptions } from './actions/memory-add.ts';
import { limit, memoryDate, percent } from './session/arguments.ts';
import { inSession } from './session/session.ts';

export function memoryCommands(): Command {
  const memory = new Command('memory').description('Search long-term memory, add to it, or build its index anew.');
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
      inSession(command, async (session) =>
        (await import('./actions/memory-search.ts')).searchMemory(session, text, options),
      ),
    );
  memory
    .command('add')
    .argument('<text>', 'what is to be remembered, in words')
    .description('Add a memory to those of an agent, and print its id. Adding the same again adds nothing.')
    .requiredOption('--subject <id>', 'what it is about')
    .requiredOption('--kind <kind>', 'assessment, intervention, outcome or quirk')
    .option('--date <date>', 'the day it is of; runs recall what lies before their own day (default today)', memoryDate)
    .option('--scope <agent>', 'whose memory it is (default the only agent that has one)')
    .option('--assessment <name>', 'which assessment it was')
    .option('--dip-percent <n>', 'how deep a dip was, from 0 to 100', percent)
    .option('--resolved-by <who>', 'self or intervention')
    .addHelpText(
      'after',
      '\nExample:\n  agent-platform memory add --subject ID --kind quirk --date 2026-11-02 "Usage dips in each first week of a quarter."',
    )
    .action(async (text: string, options: MemoryAddOptions, command: Command) =>
      inSession(command, async (session) =>
        (await import('./actions/memory-add.ts')).addMemory(session, text, options),
      ),
    );
  memory
    .command('rebuild')
    .description('Write the index in Redis anew from the memories that NATS has recorded. Loses nothing.')
    .addHelpText('after', '\nExample:\n  agent-platform memory rebuild')
    .action(async (_options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/memory-rebuild.ts')).rebuildMemory(session)),
    );
  return memory;
}
