import { Command, Option } from 'commander';
import { TASK_FILTERS } from '../contract/run-states.ts';
import type { HumanListOptions } from './actions/human-show.ts';
import type { HumanDecideOptions } from './actions/human-decide.ts';
import { limit } from './session/arguments.ts';
import { inSession } from './session/session.ts';

export function humanCommands(): Command {
  const human = new Command('human').description('Show questions to people, and answer them.');
  human
    .command('list')
    .description('List open questions, the most pressing first.')
    .option('--all', 'also those that were decided, expired or closed')
    .addOption(new Option('--state <state>', 'only those').choices(TASK_FILTERS).conflicts('all'))
    .option('--limit <n>', 'at most so many', limit, 50)
    .addHelpText('after', '\nExamples:\n  agent-platform human list\n  agent-platform human list --all --json')
    .action(async (options: HumanListOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/human-show.ts')).listHumanTasks(session, options)),
    );
  human
    .command('show')
    .argument('<task>', 'a question, as `human list` shows it')
    .description('Show what is asked, what the agent wants to do, the evidence, and how to answer.')
    .addHelpText('after', '\nExamples:\n  agent-platform human show TASK\n  agent-platform human show TASK --json')
    .action(async (task: string, _options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/human-show.ts')).showHumanTask(session, task)),
    );
  human
    .command('decide')
    .argument('<task>', 'a question, as `human list` shows it')
    .description(
      'Answer a question, and follow the run until it ends or asks again. Done is said only when it counts in the journal.\n' +
        'Works whether or not `up` is running. The same answer again changes nothing.',
    )
    .option('--approve', 'what the agent wants to do takes effect')
    .option('--reject <reason>', 'the agent that asks ends as refused; one that delegated to it reads that and goes on')
    .option('--ask-again <note>', 'nothing takes effect; the agent reads the note and goes on')
    .option('--edit <file>', 'approve with edits: {"calls": [{"ordinal", "input"}], "report": {"text", "data"}}')
    .option('--by <name>', 'who decides (default the user of this machine)')
    .option('--role <role>', 'as what')
    .option('--note <text>', 'why, besides a reason that is given already')
    .option('--decision-id <id>', 'an id of your own for the decision')
    .option('--no-wait', 'do not follow the run')
    .addHelpText(
      'after',
      `
Examples:
  agent-platform human decide TASK --approve --role operator
  agent-platform human decide TASK --reject "not this week" --by "Dana Fox"
  agent-platform human decide TASK --ask-again "look at the second quarter" --role operator
  agent-platform human decide TASK --edit edits.json --role operator`,
    )
    .action(async (task: string, options: HumanDecideOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/human-decide.ts')).decide(session, task, options)),
    );
  return human;
}
