/** Runs and batches by HTTP. A client that goes away leaves its run as it is: the journal goes on without a listener. */
import { PlatformError } from '../../config/errors.ts';
import type { Address } from '../../runtime/address.ts';
import { getBatch, getRun, startRun } from '../api/operations.ts';
import { startTargets } from '../api/start-targets.ts';
import { RunRequest, type RunView, StartRequest } from '../api/schemas.ts';
import { dataOf, type Platform } from '../platform.ts';
import { ENDED, settleRun } from '../settle.ts';
import { readBody } from './body.ts';
import type { HttpContext, HttpRequest } from './context.ts';
import { preferencesOf } from './preferences.ts';

/** Requests that wait for a report at once; those beyond are answered at once, with 202. */
const MAX_WAITING = 256;

export function runRoutes({ platform, stopping }: HttpContext) {
  const { settings, runtime } = platform;
  let waiting = 0;

  async function settled(address: Address, ms: number, gone: AbortSignal): Promise<void> {
    if (ms === 0 || waiting >= MAX_WAITING) return;
    waiting += 1;
    try {
      await settleRun(platform, address, { signal: AbortSignal.any([AbortSignal.timeout(ms), gone, stopping]) });
    } finally {
      waiting -= 1;
    }
  }

  return {
    start: async (c: HttpRequest) => {
      const request = await readBody(c, RunRequest, settings.maxRequestBytes);
      const address = await startRun(platform, null, request, c.get('trace'));
      const { respondAsync, wait } = preferencesOf(c.req.header('prefer'));
      const applied = [
        ...(respondAsync ? ['respond-async'] : []),
        ...(wait !== null && wait * 1000 <= settings.httpWaitMs ? [`wait=${wait}`] : []),
      ];
      // «respond-async, wait=N»: at once, unless the report comes within N seconds.
      const asked = wait === null ? (respondAsync ? 0 : Number.POSITIVE_INFINITY) : wait * 1000;
      await settled(address, Math.min(asked, settings.httpWaitMs), c.req.raw.signal);
      const view = await getRun(platform, address.tenant, address.run);
      if (applied.length > 0) c.header('preference-applied', applied.join(', '));
      if (ENDED.has(view.state)) return c.json(view, 200);
      c.header('location', `/runs/${encodeURIComponent(view.run)}`);
      return c.json(view, 202);
    },

    get: async (c: HttpRequest) => {
      return c.json(await inServed(platform, (tenant): Promise<RunView> => getRun(platform, tenant, runOf(c))), 200);
    },

    batch: async (c: HttpRequest) => {
      return c.json(await inServed(platform, (tenant) => getBatch(platform, tenant, runOf(c))), 200);
    },

    startTargets: async (c: HttpRequest) => {
      const schedule = c.req.param('id') ?? '';
      if (!runtime.catalog.schedule(schedule)) {
        throw new PlatformError('schedule.unknown', `no schedule is called ${JSON.stringify(schedule.slice(0, 200))}`);
      }
      const request = await readBody(c, StartRequest, settings.maxRequestBytes);
      const answer = await startTargets(platform, null, schedule, request, c.get('trace'));
      if (answer.batch !== null) c.header('location', `/batches/${encodeURIComponent(answer.batch)}`);
      return c.json(answer, 202);
    },
  };
}

export function runOf(c: HttpRequest): string {
  const run = c.req.param('id') ?? '';
  if (run.length <= 200) return run;
  throw new PlatformError('run.unknown', 'there is no run of that id: ids have at most 200 characters');
}

/** Asks for the tenant of each pack in turn, until one knows it; throws what the last one threw. */
export async function inServed<T>({ settings, runtime }: Platform, ask: (tenant: string) => Promise<T>): Promise<T> {
  const tenants = [...new Set(runtime.catalog.packs.map((pack) => dataOf(settings, pack).tenant))];
  let unknown: unknown = new PlatformError('run.unknown', 'this platform serves no tenant');
  for (const tenant of tenants) {
    try {
      return await ask(tenant);
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'run.unknown') throw error;
      unknown = error;
    }
  }
  throw unknown;
}
