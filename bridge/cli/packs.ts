import { Command } from 'commander';
import type { PacksNewOptions } from './actions/packs-new.ts';
import { inSession } from './session/session.ts';

export function packsCommands(): Command {
  const packs = new Command('packs').description('Begin a pack of your own. Needs no servers.');
  packs
    .command('new')
    .argument('<dir>', 'a folder that does not exist yet, or is empty')
    .description('Write a small pack that runs: an agent, a tool, a topic, a schedule, a player and a test.')
    .option('--name <name>', 'what the pack is called (default the name of the folder)')
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform packs new my-pack\n  agent-platform packs new ./packs/stock --name warehouse --json',
    )
    .action(async (dir: string, options: PacksNewOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/packs-new.ts')).newPack(session, dir, options)),
    );
  return packs;
}
