import { PlatformError } from '../../config/errors.ts';
import { listRuns } from '../find-runs.ts';
import { leftOut } from '../left-out.ts';
import type { Platform } from '../platform.ts';
import { cell, renderTable } from '../table.ts';
import type { RunsListOptions } from './runs.ts';
import { type Session, withPlatform } from './session.ts';

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
  const { onLeftOut, tell } = leftOut();
  const runs = await withPlatform(session, async (platform) => {
    const found = await listRuns(platform, { limit, onLeftOut, ...filter, ...(tenant && { tenant }) });
    if (agent !== undefined && found.length === 0) checkName(platform, agent);
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
function checkName({ runtime: { catalog } }: Platform, name: string): void {
  if (catalog.agent(name) || catalog.schedule(name)) return;
  const agents = catalog.agents().map(({ resolved }) => resolved.definition.metadata.name);
  const schedules = catalog.packs.flatMap(({ manifest }) => Object.keys(manifest.schedules));
  throw new PlatformError(
    'agent.unknown',
    `no agent or schedule is called ${name}; there are: ${[...agents, ...schedules].join(', ') || 'none'}`,
  );
}

function toneOf(state: string): 'attention' | 'bad' | undefined {
  if (state === 'waiting') return 'attention';
  return state === 'failed' || state === 'refused' || state === 'cancelled' ? 'bad' : undefined;
}
