/** What can be said without any server: Node, settings, packs, data and keys. */
import { pino } from 'pino';
import type { InspectedSettings, Settings } from '../../config/settings.ts';
import { loadPacks } from '../../runtime/definitions/load.ts';
import { NO_PLAYER, unplayedAgents } from '../../runtime/definitions/players.ts';
import { formatFinding, type LoadedPack } from '../../runtime/definitions/resolved.ts';
import { checkNamedPacks, checkOneMeaning } from '../platform/data-packs.ts';
import { openSource } from '../../runtime/tools/sources.ts';
import { dataOf } from '../platform/platform.ts';
import { packageVersion } from '../platform/version.ts';
import { examine, fail, type Finding, ok, plural, warn } from './finding.ts';

const NEEDED_NODE = 20;

export function examineNode(): Finding[] {
  const { node } = process.versions;
  return [
    Number.parseInt(node, 10) >= NEEDED_NODE
      ? ok('node', `Node ${node} on ${process.platform} ${process.arch}`)
      : fail('node', `Node ${node}`, `install Node ${NEEDED_NODE} or newer`),
    ok('platform', `agent-platform ${packageVersion()}`),
  ];
}

export function examineSettings({ lines, problems }: InspectedSettings): Finding[] {
  return [
    ...lines.map(({ key, value, origin }) =>
      ok('settings', value === undefined ? `${key} is not set` : `${key} = ${value} (${origin})`),
    ),
    ...problems.map((problem) => fail('settings', problem, 'correct it where it stands; below, the default is used')),
  ];
}

export interface ExaminedPacks {
  findings: Finding[];
  /** Those that load. */
  packs: LoadedPack[];
}

export async function examinePacks({ packs: folders, model }: Settings): Promise<ExaminedPacks> {
  if (folders.length === 0) {
    const remedy = 'write `packs: [FOLDER]` into agent-platform.yaml, or set AGENT_PLATFORM_PACKS';
    return { findings: [fail('packs', 'no pack is named', remedy)], packs: [] };
  }
  const log = pino({ level: 'silent' });
  const packs: LoadedPack[] = [];
  const findings: Finding[] = [];
  const remedy = 'correct the definition where it stands';
  for (const folder of folders) {
    const found = await examine('packs', remedy, async () => {
      const loaded = await loadPacks([folder], { log });
      packs.push(...loaded);
      return loaded.flatMap((pack) => describePack(pack, model));
    });
    findings.push(...found);
  }
  if (packs.length === folders.length && packs.length > 1) {
    const together = await examine('packs', 'give them names of their own', async () => {
      await loadPacks(folders, { log });
      return [];
    });
    findings.push(...together);
  }
  return { findings, packs };
}

function describePack({ manifest, agents, code, folder, warnings }: LoadedPack, model: string): Finding[] {
  const { name, version } = manifest.metadata;
  const counts = [
    plural(agents.size, 'agent'),
    plural(Object.keys(manifest.topics).length, 'topic'),
    plural(Object.keys(manifest.schedules).length, 'schedule'),
  ];
  return [
    ok('packs', `${name} ${version}: ${counts.join(', ')} (${folder})`),
    ...warnings.map((warning) => warn('packs', formatFinding(warning), 'change the definition, or leave it as it is')),
    ...unplayedAgents(model, agents.keys(), code).map((agent) =>
      warn('packs', `${agent} ${NO_PLAYER}`, `add players.${agent} to the module of ${name}, or start no ${agent}`),
    ),
  ];
}

export async function examineData(settings: Settings, packs: readonly LoadedPack[]): Promise<Finding[]> {
  const remedy = 'write `data: {PACK: FOLDER}` into agent-platform.yaml, or give --data PACK=FOLDER for each pack';
  const wrong = await examine('data', remedy, () => {
    checkNamedPacks(settings, packs);
    checkOneMeaning(settings, packs);
    return [];
  });
  if (wrong.length > 0) return wrong;
  const found = packs.map((pack) =>
    examine('data', 'correct the file where it stands, or name another folder with --data DIR', async () => {
      const { name } = pack.manifest.metadata;
      const { folder, tenant } = dataOf(settings, pack);
      if (folder === null) return [ok('data', `${name} reads no data folder; tenant ${tenant}`)];
      const source = await openSource(pack, folder);
      const { asOf } = source;
      await source.close();
      return [ok('data', `${name} reads ${folder}, latest date ${asOf}, tenant ${tenant}`)];
    }),
  );
  return (await Promise.all(found)).flat();
}
