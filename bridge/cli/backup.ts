import { Command } from 'commander';
import { inSession } from './session/session.ts';

export function backupCommand(): Command {
  return new Command('backup')
    .argument('<dir>', 'a folder that does not exist yet')
    .description(
      'Write the records (journals, memories, definitions, schedules) into a folder, while work goes on.\n' +
        'Of each run it has all up to one moment; a run that had not ended goes on from there when it is restored.',
    )
    .addHelpText('after', '\nExample:\n  agent-platform backup ./backup-2026-11-16')
    .action(async (dir: string, _options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/backup-records.ts')).backup(session, dir)),
    );
}

export function restoreCommand(): Command {
  return new Command('restore')
    .argument('<dir>', 'a folder that `backup` wrote')
    .description(
      'Restore the records of a backup into a state that has no runs and memories yet; nothing is written unless the\n' +
        'whole backup is in order. Runs that had not ended go on when the next worker starts.',
    )
    .addHelpText('after', '\nExample:\n  agent-platform restore ./backup-2026-11-16 --state-dir ./restored')
    .action(async (dir: string, _options: unknown, command: Command) =>
      inSession(command, async (session) => (await import('./actions/backup-records.ts')).restore(session, dir)),
    );
}
