/** What the endpoints do: a valid request becomes an operation of the platform. */
import { PlatformError } from '../../config/errors.ts';
import type { Trace } from '../../runtime/journal/entry.ts';
import { rootOf } from '../../runtime/address.ts';
import { type AgentRunRequest, type Deed, plainStart } from '../contract/endpoints.ts';
import { ANSWER_MS, inTime, LONG_ANSWER_MS } from '../contract/in-time.ts';
import { getBatch, getRun } from '../views/answers.ts';
import { runAndWait } from '../commands/run-and-wait.ts';
import type { HumanDecideRequest, HumanListQuery, RunCancelRequest } from '../contract/human-schemas.ts';
import { startTargets } from '../commands/start-targets.ts';
import type { BatchQuery, RunView } from '../contract/schemas.ts';
import { cancelRun } from '../commands/cancel.ts';
import { decideTask } from '../commands/decide.ts';
import { listTasks, showTask } from '../views/human.ts';
import type { Platform } from '../platform/platform.ts';

const LIST_MAX = 100;

export interface Asked {
  tenant: string;
  request: unknown;
  trace: Trace;
  /** Aborted when the door closes: who waits is answered with what there is. */
  closing: AbortSignal;
}

/** @throws PlatformError what refuses it; `platform.not_ready` when there is no answer in time */
export async function perform(platform: Platform, deed: Deed, asked: Asked): Promise<unknown> {
  // A run brings its own wait.
  if (deed.kind === 'run') return run(platform, deed.agent, asked);
  const one = deed.kind === 'get run' || deed.kind === 'show task';
  return inTime(one ? ANSWER_MS : LONG_ANSWER_MS, other(platform, deed, asked));
}

async function other(platform: Platform, deed: Exclude<Deed, { kind: 'run' }>, asked: Asked): Promise<unknown> {
  const { tenant, request, trace } = asked;
  switch (deed.kind) {
    case 'get run':
      return getRun(platform, tenant, (request as { run: string }).run);
    case 'get batch': {
      const { batch, from } = request as BatchQuery;
      return getBatch(platform, tenant, batch, from);
    }
    case 'cancel': {
      const { run: id, by, reason } = request as RunCancelRequest;
      return cancelRun(platform, rootOf({ tenant, run: id }), { by, reason }, { signal: asked.closing });
    }
    case 'list tasks': {
      const { state = 'open', limit = LIST_MAX } = request as HumanListQuery;
      return { tasks: await listTasks(platform, { tenant, state, limit }) };
    }
    case 'show task':
      return showTask(platform, (request as { task: string }).task, tenant);
    case 'decide': {
      const { task, ...said } = request as HumanDecideRequest;
      return decideTask(platform, task, said, { tenant, signal: asked.closing });
    }
    case 'start': {
      const start = plainStart(deed, request as Record<string, unknown>);
      return startTargets(platform, tenant, deed.schedule, start, trace);
    }
  }
}

async function run(platform: Platform, agent: string, { tenant, request, trace, closing }: Asked): Promise<RunView> {
  const { wait_ms = 0, ...rest } = request as AgentRunRequest;
  if (rest.agent !== undefined && rest.agent !== agent) {
    const named = JSON.stringify(rest.agent);
    throw new PlatformError('request.invalid', `agent: got ${named}, expected ${agent}, which the subject names`);
  }
  return runAndWait(platform, tenant, { ...rest, agent }, trace, { ms: wait_ms, signal: closing });
}
