import { Command } from 'commander';
import type { EventsTailOptions } from './actions/events-tail.ts';
import { instant, limit } from './session/arguments.ts';
import { inSession } from './session/session.ts';

export function eventsCommands(): Command {
  const events = new Command('events').description('Read the events that agents emit.');
  events
    .command('tail')
    .argument('<topic>', 'a topic that a loaded pack declares')
    .description(
      'Print the newest events of a topic, oldest of them first, then each new one until Ctrl-C (exit 0).\n' +
        'With --tenant only those of one tenant. --json prints one document per line.',
    )
    .option('--since <time>', 'all events since a date, a time (UTC), or as long ago as 90m or 2d', instant)
    .option('--limit <n>', 'without --since: at most so many', limit, 20)
    .option('--follow', 'wait for new events (the default)', true)
    .option('--no-follow', 'end after those that are there')
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform events tail TOPIC\n  agent-platform events tail TOPIC --since 2d --no-follow --json',
    )
    .action(async (topic: string, options: EventsTailOptions, command: Command) =>
      inSession(command, async (session) =>
        (await import('./actions/events-tail.ts')).tailEvents(session, topic, options),
      ),
    );
  return events;
}
