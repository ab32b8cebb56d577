/** Whose things this door serves: those of its packs' tenants. */
import { type ErrorCode, PlatformError } from '../../config/errors.ts';
import { dataOf, type Platform } from '../platform/platform.ts';
import type { HttpRequest } from './context.ts';

const MOST_CHARACTERS = { 'run.unknown': 400, 'human.unknown': 600 } as const;
type Unknown = keyof typeof MOST_CHARACTERS & ErrorCode;

/** The id in a path. */
export function idOf(c: HttpRequest, unknown: Unknown): string {
  const id = c.req.param('id') ?? '';
  const most = MOST_CHARACTERS[unknown];
  if (id.length <= most) return id;
  throw new PlatformError(unknown, `there is nothing of that id: ids have at most ${most} characters`);
}

export function servedTenants({ settings, runtime }: Platform): string[] {
  return [...new Set(runtime.catalog.packs.map((pack) => dataOf(settings, pack).tenant))];
}

/** Asks for the tenant of each pack in turn, until one knows it; throws what the last one threw. */
export async function inServed<T>(
  platform: Platform,
  unknown: Unknown,
  ask: (tenant: string) => Promise<T>,
): Promise<T> {
  let nobody: unknown = new PlatformError(unknown, 'this platform serves no tenant');
  for (const tenant of servedTenants(platform)) {
    try {
      return await ask(tenant);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== unknown) throw error;
      nobody = error;
    }
  }
  throw nobody;
}
