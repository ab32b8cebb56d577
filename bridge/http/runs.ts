/** Runs and batches by HTTP. A client that goes away leaves its run as it is: the journal goes on without a listener. */
import { PlatformError } from '../../config/errors.ts';
import { ANSWER_MS, inTime, LONG_ANSWER_MS } from '../contract/in-time.ts';
import { getBatch, getRun } from '../views/answers.ts';
import { checkRequest } from '../contract/parse.ts';
import { runAndWait } from '../commands/run-and-wait.ts';
import { startTargets } from '../commands/start-targets.ts';
import { BatchQuery, RunRequest, type RunView, StartRequest } from '../contract/schemas.ts';
import { ENDED } from '../contract/run-states.ts';
import { readBody } from './body.ts';
import type { HttpContext, HttpRequest } from './context.ts';
import { preferencesOf } from './preferences.ts';
import { counted } from './query.ts';
import { idOf, inServed } from './served.ts';

/** Requests that wait for a report at once; those beyond are answered at once, with 202. */
const MAX_WAITING = 256;

export function runRoutes({ platform, stopping }: HttpContext) {
  const { settings, runtime } = platform;
  let waiting = 0;

  return {
    start: async (c: HttpRequest) => {
      const request = await readBody(c, RunRequest, settings.maxRequestBytes);
      const { respondAsync, wait } = preferencesOf(c.req.header('prefer'));
      const applied = [
        ...(respondAsync ? ['respond-async'] : []),
        ...(wait !== null && wait * 1000 <= settings.httpWaitMs ? [`wait=${wait}`] : []),
      ];
      // «respond-async, wait=N»: at once, unless the report comes within N seconds.
      const asked = wait === null ? (respondAsync ? 0 : Number.POSITIVE_INFINITY) : wait * 1000;
      const ms = waiting >= MAX_WAITING ? 0 : Math.min(asked, settings.httpWaitMs);
      const signal = AbortSignal.any([c.req.raw.signal, stopping]);
      if (ms > 0) waiting += 1;
      const view = await runAndWait(platform, null, request, c.get('trace'), { ms, signal }).finally(() => {
        if (ms > 0) waiting -= 1;
      });
      if (applied.length > 0) c.header('preference-applied', applied.join(', '));
      if (ENDED.has(view.state)) return c.json(view, 200);
      c.header('location', `/runs/${encodeURIComponent(view.run)}`);
      return c.json(view, 202);
    },

    get: async (c: HttpRequest) => {
      const run = idOf(c, 'run.unknown');
      const view = inServed(platform, 'run.unknown', (tenant): Promise<RunView> => getRun(platform, tenant, run));
      return c.json(await inTime(ANSWER_MS, view), 200);
    },

    batch: async (c: HttpRequest) => {
      const batch = idOf(c, 'run.unknown');
      const query = c.req.query('from');
      const { from } = checkRequest(BatchQuery, { batch, ...(query !== undefined && { from: counted(query) }) });
      const view = inServed(platform, 'run.unknown', (tenant) => getBatch(platform, tenant, batch, from));
      return c.json(await inTime(LONG_ANSWER_MS, view), 200);
    },

    startTargets: async (c: HttpRequest) => {
      const schedule = c.req.param('id') ?? '';
      if (!runtime.catalog.schedule(schedule)) {
        throw new PlatformError('schedule.unknown', `no schedule is called ${JSON.stringify(schedule.slice(0, 200))}`);
      }
      const request = await readBody(c, StartRequest, settings.maxRequestBytes);
      const answer = await inTime(LONG_ANSWER_MS, startTargets(platform, null, schedule, request, c.get('trace')));
      if (answer.batch !== null) c.header('location', `/batches/${encodeURIComponent(answer.batch)}`);
      return c.json(answer, 202);
    },
  };
}
