import { Argument, Command } from 'commander';
import { DEFINITION_KINDS, type DefinitionKind } from '../contract/definition-kinds.ts';
import { inSession } from './session/session.ts';

export function schemaCommands(): Command {
  const schema = new Command('schema').description('Print what YAML files may hold, for editors. Needs no servers.');
  schema
    .command('print')
    .addArgument(new Argument('<kind>', 'agent: files of agents; pack: pack.yaml').choices(DEFINITION_KINDS))
    .description('Print the JSON Schema (draft 7) of a kind of file.')
    .addHelpText('after', '\nExample:\n  agent-platform schema print agent > agent.schema.json')
    .action(async (kind: DefinitionKind, _options: unknown, command: Command) =>
      inSession(command, async ({ sayJson }) => {
        const { definitionSchema } = await import('../contract/definition-schemas.ts');
        sayJson(definitionSchema(kind), 2);
        return 0;
      }),
    );
  return schema;
}
