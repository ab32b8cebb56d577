import { PlatformError } from '../../../config/errors.ts';
import { rootOf } from '../../../runtime/address.ts';
import { findRun } from '../../views/find-runs.ts';
import { unreadableJournals } from '../../views/unreadable.ts';
import type { Platform } from '../../platform/platform.ts';
import { quarantined } from '../../views/quarantine.ts';
import { flattenTree, readRun, type RunTree } from '../../journals/runs.ts';
import { checkServed } from '../../platform/served-agents.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import { type Session, withPlatform, withRecords } from '../session/session.ts';

export async function listQuarantined(session: Session): Promise<number> {
  const { settings, json, width, paint, say, sayJson } = session;
  const { onUnreadable, tell } = unreadableJournals();
  const found = await withRecords(session, (records) => quarantined(records, settings.tenant, onUnreadable));
  tell(session.note);
  if (json) sayJson({ quarantined: found });
  else if (found.length === 0) say('nothing is quarantined');
  else {
    const columns = ['Run', 'Path', 'Agent', 'Subject', 'Since (UTC)', 'Reason'].map((title) => ({ title }));
    const rows = found.map(({ run, path, agent, subject, at, reason }) =>
      [run, path, agent, subject ?? '–', at.slice(0, 19).replace('T', ' '), reason].map((each) => cell(each)),
    );
    say(`${renderTable(columns, rows, { width, paint })}\n\`runs retry RUN PATH\` has one go on from its journal`);
  }
  return 0;
}

/** Has a failed invocation go on from its journal, on whatever worker is alive. */
export async function retryRun(session: Session, run: string, path: string | undefined): Promise<number> {
  const { json, say, sayJson } = session;
  const retried = await withPlatform(session, async (platform) => {
    const tree = await failedTree(platform, session.settings.tenant, run, path);
    await checkServed(platform, tree.agent, `${tree.address.path} of ${run}`);
    const trace = tree.context.invocation?.trace ?? { correlation_id: run };
    await platform.runtime.mailer.post(
      { ...tree.address, agent: tree.agent },
      { type: 'retry', by: 'operator' },
      trace,
    );
    return { run, path: tree.address.path, agent: tree.agent };
  });
  if (json) sayJson({ retried });
  else say(`${retried.agent} ${retried.path} of ${run} goes on from its journal, as soon as a worker serves`);
  return 0;
}

async function failedTree(
  platform: Platform,
  tenant: string | undefined,
  run: string,
  path?: string,
): Promise<RunTree> {
  const [address] = await findRun(platform, run, tenant);
  const root = address && (await readRun(platform.runtime.journal, rootOf(address)));
  const trees = root ? flattenTree(root) : [];
  const named =
    path === undefined
      ? trees.find(({ state }) => state === 'failed')
      : trees.find((tree) => tree.address.path === path);
  if (!root) throw new PlatformError('run.unknown', `there is no run ${JSON.stringify(run)}`);
  if (named?.state === 'failed') return named;
  const states = trees.map((tree) => `${tree.address.path} ${tree.state}`).join(', ');
  const what = path === undefined ? 'nothing of it' : `not ${path}`;
  throw new PlatformError(
    'run.not_failed',
    `${run} has no failed invocation to retry there (${what} has failed): ${states}`,
  );
}
