import { Command } from 'commander';
import type { UpOptions } from './actions/up-serve.ts';
import { inSession } from './session/session.ts';

export function upCommand(): Command {
  return new Command('up')
    .description(
      'Serve: open the platform, one worker and the doors, and print one line for each run that ends, with why it failed,\n' +
        'and one now and then for those that wait for their model or for people.\n' +
        'Ctrl-C or SIGTERM stops doors, worker and servers in this order (exit 0); a second one exits at once.',
    )
    .option('--no-worker', 'only the doors: other processes do the work')
    .addHelpText('after', '\nExamples:\n  agent-platform up\n  agent-platform up --no-worker --json')
    .action(async (options: UpOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/up-serve.ts')).serve(session, options)),
    );
}
