import type { RunStateFilter } from '../../contract/run-states.ts';
import { PlatformError } from '../../../config/errors.ts';
import { listRuns } from '../../views/find-runs.ts';
import { unreadableJournals } from '../../views/unreadable.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import { type Session, withRecords } from '../session/session.ts';

export interface RunsListOptions {
  limit: number;
  subject?: string;
  state?: RunStateFilter;
  agent?: string;
  since?: Date;
}

export async function listRunsCommand(session: Session, options: RunsListOptions): Promise<number> {
  const { settings, json, width, paint, say, sayJson } = session;
  const { tenant } = settings;
  const { limit, subject, state, agent, since } = options;
  const filter = {
    ...(subject && { subject }),
    ...(state && { state }),
    ...(agent && { agent }),
    ...(since && { since }),
  };
  const { onUnreadable, tell } = unreadableJournals();
  const runs = await withRecords(session, async (records) => {
    const found = await listRuns(records, { limit, onUnreadable, ...filter, ...(tenant && { tenant }) });
    if (agent !== undefined && found.length === 0) await checkName(session, agent);
    return found;
  });
  tell(session.note);
  if (json) sayJson({ runs });
  else if (runs.length === 0 && Object.keys(filter).length > 0) say('no runs like that');
  else if (runs.length === 0) say(tenant ? `no runs of the tenant ${tenant} yet` : 'no runs yet');
  else {
    const columns = [
      { title: 'Run', whole: true },
      ...['Agent or schedule', 'Subject', 'State', 'Started (UTC)'].map((title) => ({ title })),
      { title: 'Entries', align: 'right' } as const,
    ];
    const rows = runs.map(({ run, agent, schedule, subject, state, started, entries }) => [
      cell(run),
      cell(agent ?? `batch of ${schedule}`),
      cell(subject ?? '–'),
      cell(state, toneOf(state)),
      cell(started.slice(0, 19).replace('T', ' ')),
      cell(String(entries)),
    ]);
    say(renderTable(columns, rows, { width, paint }));
  }
  return 0;
}

/** Only asked when nothing was found: there may be runs of a pack that is not loaded any more. */
async function checkName({ settings, logFile }: Session, name: string): Promise<void> {
  const { loadPacks } = await import('../../../runtime/definitions/load.ts');
  const packs = await loadPacks(settings.packs, { log: logFile.log });
  const agents = packs.flatMap((pack) => [...pack.agents.keys()]);
  const schedules = packs.flatMap(({ manifest }) => Object.keys(manifest.schedules));
  if (agents.includes(name) || schedules.includes(name)) return;
  throw new PlatformError(
    'agent.unknown',
    `no agent or schedule is called ${name}; there are: ${[...agents, ...schedules].join(', ') || 'none'}`,
  );
}

function toneOf(state: string): 'attention' | 'bad' | undefined {
  if (state === 'waiting') return 'attention';
  return state === 'failed' || state === 'refused' || state === 'cancelled' ? 'bad' : undefined;
}
