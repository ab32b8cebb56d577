import { PlatformError } from '../../../config/errors.ts';
import type { HostedAgent } from '../../../runtime/definitions/catalog.ts';
import type { LoadedPack } from '../../../runtime/definitions/resolved.ts';
import { personsMemory } from '../../../runtime/memory/long-term.ts';
import type { MemorySeed } from '../../../runtime/memory/memory.ts';
import { dataOf, type Platform } from '../../platform/platform.ts';
import { rememberingAgents } from './memory-search.ts';
import { type Session, withPlatform } from '../session/session.ts';

export interface MemoryAddOptions {
  subject: string;
  kind: string;
  date?: string;
  scope?: string;
  assessment?: string;
  dipPercent?: number;
  resolvedBy?: string;
}

export async function addMemory(session: Session, text: string, options: MemoryAddOptions): Promise<number> {
  const { json, say, sayJson } = session;
  return withPlatform(session, async (platform) => {
    const { resolved, pack } = agentOf(platform, options.scope);
    const scope = resolved.definition.metadata.name;
    const { subject, kind, assessment, dipPercent, resolvedBy } = options;
    // What a person typed is judged as a whole, by the shape of a memory.
    const told = {
      text,
      subject,
      kind,
      scope,
      date: options.date ?? platform.runtime.now().toISOString().slice(0, 10),
      ...(assessment !== undefined && { assessment }),
      ...(dipPercent !== undefined && { dip_percent: dipPercent }),
      ...(resolvedBy !== undefined && { resolved_by: resolvedBy }),
    } as MemorySeed;
    const { folder, tenant: whose } = dataOf(platform.settings, pack);
    const memory = personsMemory(whose, told);
    await checkSubject(platform, pack, folder, subject);
    const { id, created } = await platform.runtime.memory.store(memory, 'refuse');
    const { tenant, date } = memory;
    if (json) sayJson({ id, created, tenant, scope, subject, date });
    else say(created ? id : `${id} (it was there already)`);
    return 0;
  });
}

/** A memory about nobody would never be recalled. */
async function checkSubject({ runtime }: Platform, pack: LoadedPack, folder: string | null, subject: string) {
  const source = folder === null ? null : await runtime.sources.get(pack, folder);
  if (!source?.knows || (await source.knows(subject))) return;
  throw new PlatformError('subject.unknown', `the data folder ${folder} knows no ${JSON.stringify(subject)}`);
}

function agentOf(platform: Platform, scope: string | undefined): HostedAgent {
  const [only, ...others] = rememberingAgents(platform, scope);
  if (only && others.length === 0) return only;
  const names = [only, ...others].flatMap((agent) => agent?.resolved.definition.metadata.name ?? []);
  throw new PlatformError(
    'usage.invalid',
    names.length === 0
      ? 'no loaded agent has a long-term memory'
      : `several agents have a long-term memory; name one with --scope: ${names.join(', ')}`,
  );
}
