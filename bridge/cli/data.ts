import { Command } from 'commander';
import type { DataCheckOptions } from './actions/data-check.ts';
import { inSession } from './session/session.ts';

export function dataCommands(): Command {
  const data = new Command('data').description('Look at a data folder before anything runs on it. Needs no servers.');
  data
    .command('check')
    .argument('<dir>', 'a data folder')
    .description('List all that is wrong with a data folder, or say what it holds. Exits 1 when something is wrong.')
    .option('--pack <name>', 'the pack that is to read it (default the only one)')
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform data check ./exports\n  agent-platform data check ./exports --json',
    )
    .action(async (dir: string, options: DataCheckOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/data-check.ts')).checkData(session, dir, options)),
    );
  return data;
}
