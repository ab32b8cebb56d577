/** The doors' common way in: accepts runs and batches. What is accepted here runs on whatever worker is alive. */
import { accept, acceptRun } from '../actors/accept.ts';
import { batchMachine } from '../actors/batch/machine.ts';
import { PlatformError } from '../config/errors.ts';
import { type Address, checkRunId, ROOT_PATH } from '../runtime/address.ts';
import { subjectOf } from '../runtime/definitions/subject.ts';
import type { Trace } from '../runtime/journal/entry.ts';
import type { JsonObject } from '../runtime/json.ts';
import { batchAgent } from '../runtime/subjects.ts';
import { dataOf, type Platform } from './platform.ts';

export interface RunRequest {
  agent: string;
  instructions: string;
  payload: JsonObject;
  run?: string;
  /** ISO date; the latest of the data when absent. */
  asOf?: string;
}

/** Accepts one run of an agent. Asking again with the same run id accepts nothing new. */
export async function startRun(
  platform: Platform,
  request: RunRequest,
): Promise<{ address: Address; created: boolean }> {
  const { runtime, settings } = platform;
  const hosted = runtime.catalog.agent(request.agent);
  if (!hosted) {
    const known = runtime.catalog.agents().map(({ resolved }) => resolved.definition.metadata.name);
    throw new PlatformError(
      'agent.unknown',
      `no agent is called ${request.agent}; there are: ${known.join(', ') || 'none'}`,
    );
  }
  const { folder, tenant } = dataOf(settings, hosted.pack);
  const run = checkRunId(request.run ?? `${request.agent}-${runtime.id()}`);
  const address = { tenant, run, path: ROOT_PATH };
  const source = folder === null ? null : await runtime.sources.get(hosted.pack, folder);
  if (source) await runtime.memory.seed(tenant, await source.memories());
  const created = await acceptRun(runtime, {
    address,
    agent: request.agent,
    instructions: request.instructions,
    payload: request.payload,
    subject: subjectOf(hosted.pack.manifest.subject, request.payload),
    as_of: request.asOf ?? source?.asOf ?? today(platform),
    data: folder,
    parent: null,
    ancestors: [],
    parent_remaining: null,
    parent_allows: null,
    facts: {},
    trace: newTrace(platform),
  });
  return { address, created };
}

export interface BatchRequest {
  schedule: string;
  batch?: string;
  asOf?: string;
  /** Only these targets; each must be in the schedule's list. */
  only?: string[];
}

export interface StartedBatch {
  address: Address;
  asOf: string;
  /** Target ids, in list order. */
  targets: string[];
  created: boolean;
}

/** Accepts one batch of a schedule. Asking again with the same batch id accepts nothing new. */
export async function startBatch(platform: Platform, request: BatchRequest): Promise<StartedBatch> {
  const { runtime, settings } = platform;
  const declared = runtime.catalog.schedule(request.schedule);
  if (!declared) {
    const known = runtime.catalog.packs.flatMap((pack) => Object.keys(pack.manifest.schedules));
    throw new PlatformError(
      'schedule.unknown',
      `no schedule is called ${request.schedule}; there are: ${known.join(', ') || 'none'}`,
    );
  }
  const { pack, schedule } = declared;
  const { folder, tenant } = dataOf(settings, pack);
  if (folder === null)
    throw new PlatformError(
      'data.missing',
      `the schedule ${request.schedule} needs a data folder; name one with --data DIR`,
    );
  const source = await runtime.sources.get(pack, folder);
  const asOf = request.asOf ?? source.asOf;
  const listed = (await source.targets(schedule.targets, asOf)).map((target) => target.id);
  for (const id of request.only ?? []) {
    if (!listed.includes(id)) {
      throw new PlatformError(
        'target.unknown',
        `${schedule.targets} as of ${asOf} has no target ${JSON.stringify(id)}; there are: ${sample(listed)}`,
      );
    }
  }
  await runtime.memory.seed(tenant, await source.memories());
  const address = {
    tenant,
    run: checkRunId(request.batch ?? newBatchId(platform, request.schedule, asOf)),
    path: ROOT_PATH,
  };
  const created = await accept(runtime, batchMachine, { ...address, agent: batchAgent(request.schedule) }, null, {
    type: 'invoked',
    address,
    batch: { schedule: request.schedule, as_of: asOf, data: folder, only: request.only ?? null },
    trace: newTrace(platform),
  });
  const targets = request.only ? listed.filter((id) => request.only?.includes(id)) : listed;
  return { address, asOf, targets, created };
}

function newBatchId({ runtime }: Platform, schedule: string, asOf: string): string {
  return `${schedule}-${asOf}-${runtime.id().slice(0, 8)}`;
}

function newTrace({ runtime }: Platform): Trace {
  return { correlation_id: runtime.id() };
}

function today({ runtime }: Platform): string {
  return runtime.now().toISOString().slice(0, 10);
}

function sample(ids: string[]): string {
  return ids.length <= 20 ? ids.join(', ') : `${ids.slice(0, 20).join(', ')} and ${ids.length - 20} more`;
}
