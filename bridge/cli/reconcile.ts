import { Command } from 'commander';
import { inSession } from './session/session.ts';

export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description(
      'Wake what is not final and whose mail, timers or reports got lost, and repeat what it waits for.\n' +
        'Events that a topic’s stream has lost are made again from the journals, under their own ids.\n' +
        'Schedules that were armed and have lost their message are armed again, as they were.\n' +
        'Live work is left alone. `up` does it at its start, and when a NATS server came back.',
    )
    .addHelpText('after', '\nExample:\n  agent-platform reconcile --json')
    .action(async (_options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/reconcile-run.ts')).reconcileNow(session)),
    );
}
