import { Command } from 'commander';
import { inSession } from './session.ts';

export function agentsCommands(): Command {
  const agents = new Command('agents').description(
    'List the agents of the loaded packs, or show one. Needs no servers.',
  );
  agents
    .command('list')
    .description('List the agents of the loaded packs.')
    .addHelpText('after', '\nExample:\n  agent-platform agents list --json')
    .action(async (_options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./agents-show.ts')).listAgents(session)),
    );
  agents
    .command('show')
    .argument('<name>', 'an agent, as `agents list` shows it')
    .description('Show what an agent is told, in its six layers, and the digest of its definition.')
    .addHelpText('after', '\nExamples:\n  agent-platform agents show NAME\n  agent-platform agents show NAME --json')
    .action(async (name: string, _options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./agents-show.ts')).showAgent(session, name)),
    );
  return agents;
}
