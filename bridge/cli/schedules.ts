import { Command } from 'commander';
import type { RunNowOptions } from './actions/schedules-run-now.ts';
import { batchId, isoDate } from './session/arguments.ts';
import { inSession } from './session/session.ts';

export function schedulesCommands(): Command {
  const schedules = new Command('schedules').description(
    'List, pause or resume the schedules of the loaded packs, or run one now.',
  );
  schedules
    .command('list')
    .description('List the schedules of the loaded packs, and when each comes due next.')
    .addHelpText('after', '\nExample:\n  agent-platform schedules list --json')
    .action(async (_options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/schedules-list.ts')).listSchedules(session)),
    );
  for (const [verb, description] of [
    ['pause', 'Stop a schedule from starting batches, until it is resumed. Ticks of the meantime are not made up.'],
    ['resume', 'Set a paused schedule going again.'],
  ] as const) {
    schedules
      .command(verb)
      .argument('<name>', 'a schedule, as `schedules list` shows it')
      .description(description)
      .addHelpText('after', `\nExample:\n  agent-platform schedules ${verb} NAME`)
      .action(async (name: string, _options: unknown, command: Command) =>
        inSession(command, async (session) => {
          const { pauseSchedule, resumeSchedule } = await import('./actions/schedules-list.ts');
          return verb === 'pause' ? pauseSchedule(session, name) : resumeSchedule(session, name);
        }),
      );
  }
  schedules
    .command('run-now')
    .argument('<name>', 'a schedule, as `schedules list` shows it')
    .description(
      'Run a schedule now, for all its targets or one. Waits until every run has ended or waits for a person,\n' +
        'and prints what came of it, most urgent first. Exits 1 when a run failed, or when the batch ended before its\n' +
        'runs did, such as by a refused key: --json has that as its `error`, which is null otherwise.',
    )
    .option('--target <id>', 'only this target; prints its consolidated report')
    .option('--as-of <date>', 'the day to look from (default the latest date in the data)', isoDate)
    .option('--batch <id>', 'finish or repeat the batch of that id, or begin it under that id', batchId)
    .addHelpText(
      'after',
      `
Examples:
  agent-platform schedules run-now NAME
  agent-platform schedules run-now NAME --target ID
  agent-platform schedules run-now NAME --data ./exports --as-of 2026-11-16 --json
  agent-platform schedules run-now NAME --batch monday`,
    )
    .action(async (name: string, options: RunNowOptions, command: Command) =>
      inSession(command, async (session) =>
        (await import('./actions/schedules-run-now.ts')).runNow(session, name, options),
      ),
    );
  return schedules;
}
