import { escapeToken, unescapeToken } from '../subjects.ts';

/**
 * Every Redis key of long-term memory, spelled here and nowhere else. The braces are the cluster's hash tag: all keys of
 * one tenant and scope lie in one slot, so a memory's hash and its vector are written in one transaction.
 */
const PREFIX = 'memory:';
export const ALL_MEMORY_KEYS = `${PREFIX}*`;

/** Hash: one memory's fields. */
export function memoryKey(tenant: string, scope: string, id: string): string {
  return `${PREFIX}{${tag(tenant, scope)}}:id:${escapeToken(id)}`;
}

/** Vector set of a tenant and scope: element = memory id, vectors of one embedder only. */
export function vectorKey(tenant: string, scope: string, embedder: string): string {
  return `${PREFIX}{${tag(tenant, scope)}}:vectors:${escapeToken(embedder)}`;
}

/**
 * Text: the MEMORY stream, by the time it was created, that a scope's vectors were last found complete against. Whoever knows
 * that something is missing deletes it.
 */
export function completeKey(tenant: string, scope: string, embedder: string): string {
  return `${PREFIX}{${tag(tenant, scope)}}:complete:${escapeToken(embedder)}`;
}

/** Text: where a process proves that Redis takes writes. */
export const READY_KEY = 'ready';

/** List: the latest runs of a thread of an agent, oldest first. Working memory, so not under the memories' prefix. */
export function threadKey(tenant: string, agent: string, thread: string): string {
  return `thread:{${tag(tenant, agent)}}:${escapeToken(thread)}`;
}

/** Tells a memory's key apart from the others; null for those. */
export function parseMemoryKey(key: string): { tenant: string; scope: string; id: string } | null {
  const match = /^memory:\{([^/}]+)\/([^/}]+)\}:id:([^:]+)$/.exec(key);
  if (!match) return null;
  const [, tenant = '', scope = '', id = ''] = match;
  return { tenant: unescapeToken(tenant), scope: unescapeToken(scope), id: unescapeToken(id) };
}

function tag(tenant: string, scope: string): string {
  return `${escapeToken(tenant)}/${escapeToken(scope)}`;
}
