import { Command } from 'commander';
import { inSession } from './session/session.ts';

export function workerCommand(): Command {
  return new Command('worker')
    .description(
      'Join one more worker to the same servers, embedded or external. Prints one line when it takes mail,\n' +
        'and says why its runs fail or what they wait for.\n' +
        'Ctrl-C or SIGTERM stops it cleanly: steps that have begun are finished, the rest goes to other workers (exit 0);\n' +
        'a second one exits at once.',
    )
    .option('--max-live <n>', 'live activations at most (default 256)')
    .addHelpText('after', '\nExamples:\n  agent-platform worker\n  NATS_URL=… REDIS_URL=… agent-platform worker --json')
    .action(async (_options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/worker-serve.ts')).serveWorker(session)),
    );
}
