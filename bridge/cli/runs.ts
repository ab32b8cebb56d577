import { Command, Option } from 'commander';
import { ROOT_PATH } from '../../runtime/address.ts';
import { RUN_STATES } from '../contract/run-states.ts';
import type { RunsShowOptions } from './actions/runs-show.ts';
import type { RunsPromptOptions } from './actions/runs-prompt.ts';
import type { RunsListOptions } from './actions/runs-list.ts';
import type { RunsCancelOptions } from './actions/runs-cancel.ts';
import { instant, limit, turnNumber } from './session/arguments.ts';
import { inSession } from './session/session.ts';

export function runsCommands(): Command {
  const runs = new Command('runs').description('List runs and batches, show the journal of one, or cancel it.');
  runs
    .command('list')
    .description('List runs and batches, the latest active first.')
    .option('--limit <n>', 'at most so many', limit, 20)
    .option('--subject <subject>', 'only runs about it')
    .addOption(new Option('--state <state>', 'only runs in that state').choices(RUN_STATES))
    .option('--agent <name>', 'only runs of that agent, or batches of that schedule')
    .option('--since <when>', 'only runs active since a date, a time or so long ago: 2026-11-16, 90m, 2d', instant)
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform runs list --state waiting\n  agent-platform runs list --since 2d --limit 100 --json',
    )
    .action(async (options: RunsListOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/runs-list.ts')).listRunsCommand(session, options)),
    );
  runs
    .command('show')
    .argument('<run>', 'a run id or batch id, as `runs list` shows it')
    .description('Show the tree and the timeline of a run or batch, from its journal alone.')
    .option('--verdicts', 'also which rules allowed each admission, turn, call and decision (with --json always)')
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform runs show RUN\n  agent-platform runs show RUN --verdicts\n  agent-platform runs show RUN --json',
    )
    .action(async (run: string, options: RunsShowOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/runs-show.ts')).showRun(session, run, options)),
    );
  runs
    .command('prompt')
    .argument('<run>', 'a run id')
    .argument('[path]', 'which of its invocations, as `runs show` names it', ROOT_PATH)
    .requiredOption('--turn <n>', 'which of its model turns, from 1', turnNumber)
    .option('--api', 'print the body of the Messages API instead of the layers')
    .description(
      'Show what a model was sent for a turn: composed again from the journal and the recorded definition, and compared\n' +
        'with the digest that was journaled. Files that have changed since do not matter.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform runs prompt RUN --turn 1\n  agent-platform runs prompt RUN 0-1 --turn 2 --json',
    )
    .action(async (run: string, path: string, options: RunsPromptOptions, command: Command) =>
      inSession(command, async (session) =>
        (await import('./actions/runs-prompt.ts')).showPrompt(session, run, path, options),
      ),
    );
  runs
    .command('quarantined')
    .description('List invocations that crashed too often or got no further, with the reason.')
    .addHelpText('after', '\nExample:\n  agent-platform runs quarantined --json')
    .action(async (_options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/runs-quarantined.ts')).listQuarantined(session)),
    );
  runs
    .command('retry')
    .argument('<run>', 'a run id')
    .argument('[path]', 'which of its invocations, as `runs show` names it (default the one that failed)')
    .description('Have a failed invocation go on from its journal, on whatever worker is alive.')
    .addHelpText('after', '\nExamples:\n  agent-platform runs retry RUN\n  agent-platform runs retry RUN 0-1')
    .action(async (run: string, path: string | undefined, _options: unknown, command: Command) =>
      inSession(command, async (session) =>
        (await import('./actions/runs-quarantined.ts')).retryRun(session, run, path),
      ),
    );
  runs
    .command('cancel')
    .argument('<run>', 'a run id or batch id')
    .requiredOption('--reason <text>', 'why, for whoever reads the journal')
    .option('--by <name>', 'who cancels (default the user of this machine)')
    .description(
      'Cancel a run with all that it delegated, or a batch with all its runs. Done is said when all of it is final.\n' +
        'Works whether or not `up` is running. Cancelling again changes nothing.',
    )
    .addHelpText('after', '\nExample:\n  agent-platform runs cancel RUN --reason "asked by mistake"')
    .action(async (run: string, options: RunsCancelOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/runs-cancel.ts')).cancel(session, run, options)),
    );
  return runs;
}
