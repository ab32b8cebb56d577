import { Command } from 'commander';
import { limit } from './arguments.ts';
import { inSession } from './session.ts';

export interface RunsListOptions {
  limit: number;
}

export function runsCommands(): Command {
  const runs = new Command('runs').description('List runs and batches, or show the journal of one.');
  runs
    .command('list')
    .description('List runs and batches, the latest active first.')
    .option('--limit <n>', 'at most so many', limit, 20)
    .addHelpText('after', '\nExamples:\n  agent-platform runs list\n  agent-platform runs list --limit 100 --json')
    .action(async (options: RunsListOptions, command: Command) =>
      inSession(command, async (session) => (await import('./runs-list.ts')).listRunsCommand(session, options)),
    );
  runs
    .command('show')
    .argument('<run>', 'a run id or batch id, as `runs list` shows it')
    .description('Show the tree and the timeline of a run or batch, from its journal alone.')
    .addHelpText('after', '\nExamples:\n  agent-platform runs show RUN\n  agent-platform runs show RUN --json')
    .action(async (run: string, _options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./runs-show.ts')).showRun(session, run)),
    );
  return runs;
}
