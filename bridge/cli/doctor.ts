import { Command } from 'commander';

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'Say what was found, with versions, and what is wrong: Node, settings, packs, data, state folder, servers, streams.\n' +
        'Starts and changes nothing, and works when settings or packs are broken. Exits 1 when something fails.',
    )
    .option('--start', 'start the embedded servers when they do not run, and look at them too')
    .addHelpText('after', '\nExamples:\n  agent-platform doctor\n  agent-platform doctor --start --json')
    .action(async ({ start = false }: { start?: boolean }, command: Command) => {
      const { json = false, ...options } = command.optsWithGlobals() as { json?: boolean } & Record<string, unknown>;
      process.exitCode = await (await import('./doctor-report.ts')).reportHealth(options, { json, start });
    });
}
