import { Command } from 'commander';
import type { AgentsValidateOptions } from './actions/agents-validate.ts';
import { inSession } from './session/session.ts';

export function agentsCommands(): Command {
  const agents = new Command('agents').description(
    'List the agents of the loaded packs, show one, or check agent files. Needs no servers.',
  );
  agents
    .command('list')
    .description('List the agents of the loaded packs.')
    .addHelpText('after', '\nExample:\n  agent-platform agents list --json')
    .action(async (_options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/agents-show.ts')).listAgents(session)),
    );
  agents
    .command('show')
    .argument('<name>', 'an agent, as `agents list` shows it')
    .description('Show what an agent is told, in its six layers, and the digest of its definition.')
    .addHelpText('after', '\nExamples:\n  agent-platform agents show NAME\n  agent-platform agents show NAME --json')
    .action(async (name: string, _options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/agents-show.ts')).showAgent(session, name)),
    );
  agents
    .command('validate')
    .argument('<dir>', 'a pack, its folder of agents, or any folder of agent files')
    .description('List all that is wrong with agent files, warnings apart. Exits 1 when there are errors.')
    .option('--pack <pack>', 'folder or name of the pack that supplies tools, topics and scopes (default the only one)')
    .option('--watch', 'check again after every change, until Ctrl-C')
    .option('--no-types', 'leave out the types of TypeScript, which a compiler checks')
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform agents validate ./my-pack --watch\n  agent-platform agents validate ./drafts --pack ./my-pack',
    )
    .action(async (dir: string, options: AgentsValidateOptions, command: Command) =>
      inSession(command, async (session) =>
        (await import('./actions/agents-validate.ts')).validateAgents(session, dir, options),
      ),
    );
  return agents;
}
