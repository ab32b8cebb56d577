import { Command } from 'commander';
import { inSession } from './session/session.ts';

export function policyCommands(): Command {
  const policy = new Command('policy').description('Tell which rule allowed, refused or escalated what.');
  policy
    .command('explain')
    .argument('<run>', 'a run id, as `runs list` shows it')
    .description(
      'Explain each decision about a run, from its journal alone: admissions, calls, turns, people, cancels.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform policy explain RUN\n  agent-platform policy explain RUN --json',
    )
    .action(async (run: string, _options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/policy-explain.ts')).explainRun(session, run)),
    );
  return policy;
}
