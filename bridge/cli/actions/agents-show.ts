import { PlatformError } from '../../../config/errors.ts';
import { layers } from '../../../runtime/context/compose.ts';
import { loadPacks } from '../../../runtime/definitions/load.ts';
import { type LoadedAgent, type LoadedPack, formatFinding } from '../../../runtime/definitions/resolved.ts';
import { layersText } from '../render/layers-text.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import { needPacks, type Session } from '../session/session.ts';

export async function listAgents(session: Session): Promise<number> {
  const { json, width, paint, say, sayJson } = session;
  const agents = (await load(session)).flatMap(({ manifest, agents: loaded }) =>
    [...loaded.values()].map(({ digest, resolved }) => {
      const { name, id, version, role, model_tier, tags } = resolved.definition.metadata;
      const { sub_agents } = resolved.definition;
      return { name, id, version, role, model_tier, tags, sub_agents, pack: manifest.metadata.name, digest };
    }),
  );
  if (json) sayJson({ agents });
  else if (agents.length === 0) say('no loaded pack has an agent');
  else {
    const columns = ['Name', 'Version', 'Role', 'Model tier', 'Delegates to', 'Pack', 'Definition'].map((title) => ({
      title,
    }));
    const rows = agents.map(({ name, version, role, model_tier, sub_agents, pack, digest }) =>
      [name, version, role, model_tier, sub_agents.join(', ') || '–', pack, digest.slice(0, 16)].map((each) =>
        cell(each),
      ),
    );
    say(renderTable(columns, rows, { width, paint }));
  }
  return 0;
}

export async function showAgent(session: Session, name: string): Promise<number> {
  const { json, paint, say, sayJson } = session;
  const packs = await load(session);
  const found = packs.flatMap(({ agents }) => agents.get(name) ?? [])[0];
  if (!found) throw unknown(name, packs);
  const { digest, resolved } = found;
  const layered = layers(resolved, null);
  if (json) sayJson({ name, digest, definition: resolved.definition, tools: resolved.tools, layers: layered });
  else say(layersText(found, layered, paint));
  return 0;
}

async function load({ settings, logFile, note }: Session): Promise<LoadedPack[]> {
  needPacks(settings);
  const packs = await loadPacks(settings.packs, { log: logFile.log });
  for (const warning of packs.flatMap(({ warnings }) => warnings)) note(`warning: ${formatFinding(warning)}`);
  return packs;
}

function unknown(name: string, packs: readonly LoadedPack[]): PlatformError {
  const known = packs
    .flatMap(({ agents }): LoadedAgent[] => [...agents.values()])
    .map(({ resolved }) => resolved.definition.metadata.name);
  return new PlatformError('agent.unknown', `no agent is called ${name}; there are: ${known.join(', ') || 'none'}`);
}
