import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PlatformError } from '../../../config/errors.ts';
import type { NatsConnection } from 'nats';
import { openServices } from '../../../config/services/open.ts';
import type { Settings } from '../../../config/settings.ts';
import { connectNats } from '../../../runtime/bus/connect.ts';
import { patiently } from '../../../runtime/bus/patience.ts';
import { ensureStreams } from '../../../runtime/bus/streams.ts';
import { countsOf, type Manifest } from '../../backup/format.ts';
import { restoreBackup } from '../../backup/restore.ts';
import { writeBackup } from '../../backup/write.ts';
import { plural } from '../../doctor/finding.ts';
import { type Progress, startProgress } from '../../terminal/progress.ts';
import { gracefully, stoppedBy } from '../session/interruption.ts';
import type { Session } from '../session/session.ts';

export async function backup(session: Session, dir: string): Promise<number> {
  const folder = resolve(dir);
  needRecords(session.settings);
  const manifest = await onRecords(session, 'messages', `nothing was written to ${folder}`, async (nc, part) => {
    const { journalShards, natsReplicas: replicas } = session.settings;
    const { shards } = await patiently(nc, () => ensureStreams(nc, { shards: journalShards, replicas, topics: [] }));
    return writeBackup({ nc, folder, shards, now: new Date(), ...part });
  });
  tell(session, folder, manifest, `${folder} holds`);
  return 0;
}

export async function restore(session: Session, dir: string): Promise<number> {
  const folder = resolve(dir);
  const hint = 'the state is as empty as it was';
  const manifest = await onRecords(session, 'messages', hint, (nc, part) =>
    restoreBackup({
      nc,
      folder,
      shards: session.settings.journalShards,
      replicas: session.settings.natsReplicas,
      ...part,
    }),
  );
  tell(session, folder, manifest, `restored the backup of ${manifest.made}:`);
  if (!session.json) session.note('runs that had not ended go on when a worker starts: agent-platform up');
  return 0;
}

/** Opening the servers of a folder makes it: a mistyped one must not become an empty backup. */
function needRecords({ natsUrl, stateDir }: Settings): void {
  if (natsUrl !== undefined || existsSync(join(stateDir, 'services'))) return;
  const what = existsSync(stateDir) ? 'holds no records' : 'does not exist';
  throw new PlatformError(
    'state.denied',
    `the state folder ${stateDir} ${what}, so there is nothing to back up; name the right one with --state-dir`,
  );
}

function tell({ json, say, sayJson }: Session, folder: string, manifest: Manifest, begins: string): void {
  const { made, shards } = manifest;
  const counts = countsOf(manifest);
  if (json) return sayJson({ folder, made, shards, ...counts });
  const large = counts.object_parts > 0 ? `, and large values in ${plural(counts.object_parts, 'message')}` : '';
  say(
    `${begins} ${plural(counts.entries, 'journal entry', 'journal entries')}, ` +
      `${plural(counts.memories, 'memory', 'memories')}, ${plural(counts.definitions, 'definition')} and ` +
      `${plural(counts.schedules, 'schedule')}${large}`,
  );
}

interface Part {
  signal: AbortSignal;
  onTotal(total: number): void;
  onMessage(): void;
}

/** A body on the records alone: it needs no packs, and opening them would write their definitions. */
async function onRecords<T>(
  { settings, note, json }: Session,
  label: string,
  hint: string,
  body: (nc: NatsConnection, part: Part) => Promise<T>,
): Promise<T> {
  return gracefully(async (interrupted) => {
    const lost = new AbortController();
    const signal = AbortSignal.any([interrupted, lost.signal]);
    const services = await openServices(settings, { onProgress: note, onLost: (error) => lost.abort(error) });
    let nc: NatsConnection | undefined;
    let progress: Progress | undefined;
    try {
      nc = await connectNats(services.nats, { name: 'agent-platform records' });
      return await body(nc, {
        signal,
        onTotal: (total) => {
          progress = startProgress(process.stderr, label, total, json || !process.stderr.isTTY);
        },
        onMessage: () => progress?.step(),
      });
    } catch (error) {
      throw signal.aborted ? stoppedBy(signal, hint) : error;
    } finally {
      progress?.stop();
      await nc?.close();
      await services.close();
    }
  });
}
