import { Command } from 'commander';
import type { RunOptions } from './actions/run-agent.ts';
import { isoDate, payload } from './session/arguments.ts';
import { inSession } from './session/session.ts';

export function runCommand(): Command {
  return new Command('run')
    .argument('<agent>', 'an agent, as `agents list` shows it')
    .description('Start one run of an agent, wait until it has ended or waits for a person, and print its report.')
    .requiredOption('--payload <json>', 'what the run is about: a JSON object', payload)
    .option('--instructions <text>', 'what the agent is asked to do')
    .option('--run-id <id>', 'the id of the run: asking again under it starts nothing new')
    .option('--as-of <date>', 'the day to look from (default the latest date in the data)', isoDate)
    .addHelpText(
      'after',
      `
Examples:
  agent-platform run AGENT --payload '{"id": "one"}'
  agent-platform run AGENT --payload '{"id": "one"}' --run-id monday --json`,
    )
    .action(async (agent: string, options: RunOptions, command: Command) =>
      inSession(command, async (session) => (await import('./actions/run-agent.ts')).runAgent(session, agent, options)),
    );
}
