import { PlatformError } from '../../../config/errors.ts';
import type { HostedAgent } from '../../../runtime/definitions/catalog.ts';
import type { Recalled } from '../../../runtime/memory/memory.ts';
import { checkOneMeaning } from '../../platform/data-packs.ts';
import { loadMemories } from '../../commands/data-memories.ts';
import { dataOf, type Platform } from '../../platform/platform.ts';
import { cell, renderTable } from '../../terminal/table.ts';
import { type Session, withPlatform } from '../session/session.ts';

export interface MemorySearchOptions {
  subject?: string;
  scope?: string;
  limit: number;
}

interface Found extends Recalled {
  scope: string;
}

export async function searchMemory(session: Session, query: string, options: MemorySearchOptions): Promise<number> {
  const { json, width, paint, say, sayJson } = session;
  const memories = await withPlatform(session, (platform) => search(platform, query, options));
  if (json) sayJson({ memories });
  else if (memories.length === 0) say('no memory matches');
  else {
    const columns = [
      { title: 'Score', align: 'right' } as const,
      ...['Date', 'Subject', 'Kind', 'Memory'].map((title) => ({ title })),
    ];
    const rows = memories.map(({ score, date, subject, kind, assessment, text }) => [
      cell(score.toFixed(2)),
      cell(date),
      cell(subject ?? '–'),
      cell([kind, assessment].filter(Boolean).join(' ') || '–'),
      cell(text),
    ]);
    say(renderTable(columns, rows, { width, paint }));
  }
  return 0;
}

async function search(
  platform: Platform,
  query: string,
  { subject, scope, limit }: MemorySearchOptions,
): Promise<Found[]> {
  const { runtime, settings } = platform;
  const as_of = runtime.now().toISOString().slice(0, 10);
  const agents = rememberingAgents(platform, scope);
  checkOneMeaning(
    settings,
    agents.map(({ pack }) => pack),
  );
  const found = await Promise.all(
    agents.map(async ({ resolved, pack }) => {
      const { name } = resolved.definition.metadata;
      await loadMemories(platform, pack);
      const { tenant } = dataOf(settings, pack);
      const memories = await runtime.memory.search({
        tenant,
        scope: name,
        query,
        subject: subject ?? null,
        limit,
        as_of,
      });
      return memories.map((memory) => ({ scope: name, ...memory }));
    }),
  );
  return found
    .flat()
    .sort((a, b) => b.score - a.score)
    .slice(0, limit);
}

/** The agents that have a long-term memory, or the one of that name. */
export function rememberingAgents({ runtime }: Platform, scope: string | undefined): HostedAgent[] {
  const remembering = runtime.catalog
    .agents()
    .filter(({ resolved }) => resolved.definition.memory_config.long_term_enabled);
  if (scope === undefined) return remembering;
  const chosen = remembering.filter(({ resolved }) => resolved.definition.metadata.name === scope);
  if (chosen.length > 0) return chosen;
  const known = remembering.map(({ resolved }) => resolved.definition.metadata.name).join(', ') || 'none';
  throw new PlatformError('agent.unknown', `no agent called ${scope} has a long-term memory; there are: ${known}`);
}
