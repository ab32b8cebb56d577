import { resolve } from 'node:path';
import { PlatformError } from '../../../config/errors.ts';
import { loadPacks } from '../../../runtime/definitions/load.ts';
import type { LoadedPack } from '../../../runtime/definitions/resolved.ts';
import { type DataCount, type DataProblem, formatDataProblem } from '../../../runtime/pack.ts';
import { openSource } from '../../../runtime/tools/sources.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import { needPacks, type Session } from '../session/session.ts';

export interface DataCheckOptions {
  pack?: string;
}

/** Lists the problems on stdout; what the folder holds when there are none. */
export async function checkData(session: Session, dir: string, options: DataCheckOptions): Promise<number> {
  const { settings, logFile, json, say, sayJson } = session;
  needPacks(settings);
  const packs = await loadPacks(settings.packs, { log: logFile.log });
  const pack = choose(packs, options.pack);
  const folder = resolve(dir);
  const problems = await problemsOf(pack, folder);
  const held = problems.length === 0 ? await holds(pack, folder) : null;
  const about = { folder, pack: pack.manifest.metadata.name, ok: held !== null };
  if (json) sayJson({ ...about, problems, ...held });
  else if (held) say(summary(session, dir, held));
  else say(listing(dir, problems));
  return held ? 0 : 1;
}

/** What a pack's own code throws is about the folder, unless it says otherwise. */
async function problemsOf({ code, manifest }: LoadedPack, folder: string): Promise<DataProblem[]> {
  try {
    return (await code.check?.(folder)) ?? [];
  } catch (error) {
    if (error instanceof PlatformError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const who = `the pack ${manifest.metadata.name}`;
    throw new PlatformError('data.invalid', `${who} could not check ${folder}: ${message}`, { cause: error });
  }
}

interface Holding {
  /** ISO date that runs look from unless another is given. */
  as_of: string;
  counts: DataCount[];
  /** Schedule → how many targets it has as of that date. */
  targets: Record<string, number>;
}

async function holds(pack: LoadedPack, folder: string): Promise<Holding> {
  const source = await openSource(pack, folder);
  try {
    const targets: Record<string, number> = {};
    for (const [name, schedule] of Object.entries(pack.manifest.schedules)) {
      targets[name] = (await source.targets(schedule.targets, source.asOf)).length;
    }
    return { as_of: source.asOf, counts: (await source.counts?.()) ?? [], targets };
  } finally {
    await source.close();
  }
}

function summary({ width, paint }: Session, dir: string, { as_of, counts, targets }: Holding): string {
  const rows = [
    ...counts,
    { label: 'as of', value: as_of },
    ...Object.entries(targets).map(([schedule, value]) => ({ label: `targets of ${schedule}`, value })),
  ].map(({ label, value }) => [cell(label), cell(String(value))]);
  return [`${dir} is good`, '', renderTable([{ title: 'What' }, { title: 'Found' }], rows, { width, paint })].join(
    '\n',
  );
}

function listing(dir: string, problems: readonly DataProblem[]): string {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return [`${dir} has ${count}:`, ...problems.map(formatDataProblem)].join('\n');
}

function choose(packs: readonly LoadedPack[], name: string | undefined): LoadedPack {
  const known = packs.map(({ manifest }) => manifest.metadata.name);
  const [only, ...more] = name === undefined ? packs : packs.filter(({ manifest }) => manifest.metadata.name === name);
  if (only && more.length === 0) return only;
  const wrong =
    name === undefined ? 'several packs are loaded, name one with --pack' : `no loaded pack is called ${name}`;
  throw new PlatformError('usage.invalid', `${wrong}; there are: ${known.join(', ')}`);
}
