/** Questions to people and cancels by HTTP. A decision or a cancel is said to be done only when it counts in the journal. */
import { rootOf } from '../../runtime/address.ts';
import { Cancel, HumanDecision, HumanListQuery } from '../contract/human-schemas.ts';
import { ANSWER_MS, inTime, LONG_ANSWER_MS } from '../contract/in-time.ts';
import { checkRequest } from '../contract/parse.ts';
import { cancelRun } from '../commands/cancel.ts';
import { decideTask } from '../commands/decide.ts';
import { listTasks, showTask } from '../views/human.ts';
import { readBody } from './body.ts';
import type { HttpContext, HttpRequest } from './context.ts';
import { counted } from './query.ts';
import { idOf, inServed, servedTenants } from './served.ts';

const LIST_MAX = 100;

export function humanRoutes({ platform, stopping }: HttpContext) {
  const { maxRequestBytes } = platform.settings;

  return {
    list: async (c: HttpRequest) => {
      const { state = 'open', limit = LIST_MAX } = checkRequest(HumanListQuery, numbered(c.req.query()));
      const tasks = listTasks(platform, { tenant: servedTenants(platform), state, limit });
      return c.json({ tasks: await inTime(LONG_ANSWER_MS, tasks) }, 200);
    },

    show: async (c: HttpRequest) => {
      const id = idOf(c, 'human.unknown');
      const task = inServed(platform, 'human.unknown', (tenant) => showTask(platform, id, tenant));
      return c.json(await inTime(ANSWER_MS, task), 200);
    },

    decide: async (c: HttpRequest) => {
      const id = idOf(c, 'human.unknown');
      const said = await readBody(c, HumanDecision, maxRequestBytes);
      const options = { signal: stopping };
      const task = inServed(platform, 'human.unknown', (tenant) =>
        decideTask(platform, id, said, { tenant, ...options }),
      );
      return c.json(await inTime(LONG_ANSWER_MS, task), 200);
    },

    cancel: async (c: HttpRequest) => {
      const run = idOf(c, 'run.unknown');
      const asked = await readBody(c, Cancel, maxRequestBytes);
      const cancelled = inServed(platform, 'run.unknown', (tenant) =>
        cancelRun(platform, rootOf({ tenant, run }), asked, { signal: stopping }),
      );
      const answer = await inTime(LONG_ANSWER_MS, cancelled);
      return c.json(answer, answer.state === 'cancelled' ? 200 : 202);
    },
  };
}

function numbered({ limit, ...others }: Record<string, string>): Record<string, unknown> {
  return { ...others, ...(limit !== undefined && { limit: counted(limit) }) };
}
