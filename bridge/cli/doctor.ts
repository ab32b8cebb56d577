import { Command } from 'commander';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Say what was found, with versions, and what is wrong: Node, settings, packs, data, state folder, servers, streams.\n' +
        'Starts and changes nothing, and works when settings or packs are broken. Exits 1 when something fails.\n' +
        'With --model it asks each Claude of the settings the shortest question, as runs ask, which costs a fraction of a cent.',
    )
    .option('--deep', 'also read the name of every large value, and count what no value names')
    .option('--start', 'start the embedded servers when they do not run, and look at them too')
    .addHelpText(
      'after',
      '\nExamples:\n  agent-platform doctor\n  agent-platform doctor --start --json\n  agent-platform doctor --model',
    )
    .action(async ({ start = false, deep = false }: { start?: boolean; deep?: boolean }, command: Command) => {
      const all = command.optsWithGlobals() as { json?: boolean; model?: string | true } & Record<string, unknown>;
      const { json = false, model, ...options } = all;
      // Without a name it means Claude; a name is a setting as for every command.
      const named = typeof model === 'string' ? { ...options, model } : options;
      const asks = model === true || model === 'anthropic';
      process.exitCode = await (await import('./actions/doctor-report.ts')).reportHealth(named, {
        json,
        start,
        asks,
        deep,
      });
    });
}
