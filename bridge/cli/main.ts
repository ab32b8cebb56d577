/** The command line. Commands import what they need when they run, so that help comes at once. */
import { Command, CommanderError, Option } from 'commander';
import { PlatformError } from '../../config/errors.ts';
import { tell } from '../terminal/output.ts';
import { packageVersion } from '../platform/version.ts';
import { agentsCommands } from './agents.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { dataCommands } from './data.ts';
import { doctorCommand } from './doctor.ts';
import { eventsCommands } from './events.ts';
import { humanCommands } from './human.ts';
import { Interrupted } from './session/interruption.ts';
import { memoryCommands } from './memory.ts';
import { packsCommands } from './packs.ts';
import { policyCommands } from './policy.ts';
import { reconcileCommand } from './reconcile.ts';
import { runCommand } from './run.ts';
import { runsCommands } from './runs.ts';
import { schedulesCommands } from './schedules.ts';
import { schemaCommands } from './schema.ts';
import { upCommand } from './up.ts';
import { workerCommand } from './worker.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** Errors of the command line itself, however deep they are found. */
const USAGE_CODES = new Set(['usage.invalid', 'settings.invalid', 'run.invalid']);

function program(): Command {
  const root = new Command('agent-platform')
    .description('Runs business agents as supervised actors over NATS, with memory in Redis.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .option('--state-dir <folder>', 'where embedded servers, reports and the log live (default .agent-platform)')
    .option(
      '--data <folder>',
      'the data that tools read (default the sample of the pack); with several packs PACK=FOLDER, once for each',
      (folder: string, before: string[] | undefined) => [...(before ?? []), folder],
    )
    .option('--tenant <name>', 'whose runs and memories (default sample for the sample data, else default)')
    // Checked here, too: the word after a bare `--model` would be taken for a name, and the command not be found.
    .addOption(
      new Option('--model [name]', 'which model answers: rehearsal (default), or anthropic, which costs money').choices(
        ['rehearsal', 'anthropic'],
      ),
    )
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default info)')
    .option('--json', 'print one JSON document on stdout')
    .addHelpText(
      'after',
      `
Examples:
  agent-platform schedules list
  agent-platform schedules run-now NAME
  agent-platform runs show RUN
  agent-platform human list

In a checkout: npm run -s agent-platform -- schedules list
Settings can also stand in agent-platform.yaml, or in the environment (AGENT_PLATFORM_STATE_DIR, NATS_URL, REDIS_URL, …).`,
    );
  for (const command of [
    schedulesCommands(),
    runCommand(),
    runsCommands(),
    humanCommands(),
    policyCommands(),
    agentsCommands(),
    packsCommands(),
    memoryCommands(),
    dataCommands(),
    schemaCommands(),
  ]) {
    root.addCommand(command);
  }
  for (const command of [backupCommand(), restoreCommand()]) root.addCommand(command);
  for (const command of [eventsCommands(), upCommand(), workerCommand(), doctorCommand(), reconcileCommand()])
    root.addCommand(command);
  inherit(root);
  return root;
}

/** Errors are thrown and told by `fail`; every help shows the global options. */
function inherit(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => {} });
  command.configureHelp({ showGlobalOptions: command.parent !== null });
  for (const child of command.commands) inherit(child as Command);
}

function fail(error: unknown, root: Command, words: readonly string[]): number {
  const say = (text: string): void => tell(process.stderr, text);
  if (error instanceof Interrupted) {
    say(error.hint === null ? 'interrupted' : `interrupted: ${error.hint}`);
    return error.exitCode;
  }
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const message = error.code === 'commander.help' ? 'a command is missing' : error.message.replace(/^error: /, '');
    say(`error[usage.invalid]: ${message}`);
    say(`\`${helpOf(root, words)}\` shows what there is`);
    return EXIT_USAGE;
  }
  if (error instanceof PlatformError) {
    const lines = error.message.split('\n');
    say(`error[${error.code}]: ${lines.join('\n  ')}`);
    return USAGE_CODES.has(error.code) ? EXIT_USAGE : EXIT_FAILED;
  }
  say(`error[platform.unexpected]: ${error instanceof Error ? error.message : String(error)}`);
  return EXIT_FAILED;
}

/** The help of the deepest command that was named. */
function helpOf(root: Command, given: readonly string[]): string {
  let command = root;
  const words = [root.name()];
  for (const word of given) {
    const next = command.commands.find((child) => child.name() === word);
    if (!next) continue;
    command = next as Command;
    words.push(word);
  }
  return [...words, '--help'].join(' ');
}

/** Runs one command and returns its exit code: what it throws is told. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  const root = program();
  try {
    await root.parseAsync(words, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return fail(error, root, words);
  }
}
