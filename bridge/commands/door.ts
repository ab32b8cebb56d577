/** The doors' common way in: accepts runs and batches. What is accepted here runs on whatever worker is alive. */
import { accept, acceptRun } from '../../actors/accept.ts';
import { batchMachine, targetRun } from '../../actors/batch/machine.ts';
import { PlatformError } from '../../config/errors.ts';
import { type Address, rootOf } from '../../runtime/address.ts';
import { subjectOf } from '../../runtime/definitions/subject.ts';
import { checkTargetRun, isNewId, refuseNewId } from '../../runtime/ids.ts';
import type { Invocation, Trace } from '../../runtime/journal/entry.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import type { Source } from '../../runtime/pack.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { batchAgent } from '../../runtime/subjects.ts';
import { intakeOf } from './intake.ts';
import { dataOf, type Platform } from '../platform/platform.ts';

export interface RunRequest {
  agent: string;
  instructions: string;
  payload: JsonObject;
  run?: string;
  /** ISO date; the latest of the data when absent. */
  asOf?: string;
  thread?: string;
  trace?: Trace;
}

export interface StartedRun {
  address: Address;
  created: boolean;
}

/** Accepts one run of an agent. Asking again with the same run id accepts nothing new. */
export async function startRun(platform: Platform, request: RunRequest): Promise<StartedRun> {
  const prepared = await prepareRun(platform, request);
  return { address: prepared.address, created: await acceptPrepared(platform, prepared) };
}

export interface PreparedRun {
  address: Address;
  invocation: Invocation;
  /** The data of the run, null without any. */
  source: Source | null;
}

/** Accepts what was prepared, with the memories that its data brings along; false when the run existed. */
export async function acceptPrepared(
  platform: Platform,
  { address, invocation, source }: PreparedRun,
): Promise<boolean> {
  if (source) await seedOnce(platform, source, address.tenant);
  return acceptRun(intakeOf(platform), invocation);
}

/** What `startRun` would accept: all checks are made, nothing is written. */
export async function prepareRun(platform: Platform, request: RunRequest): Promise<PreparedRun> {
  const { runtime, settings } = platform;
  const hosted = runtime.catalog.agent(request.agent);
  if (!hosted) {
    const known = runtime.catalog.agents().map(({ resolved }) => resolved.definition.metadata.name);
    throw new PlatformError(
      'agent.unknown',
      `no agent is called ${request.agent}; there are: ${known.join(', ') || 'none'}`,
    );
  }
  runtime.model.checkAgent?.(request.agent);
  const { folder, tenant } = dataOf(settings, hosted.pack);
  const address = rootOf({ tenant, run: request.run ?? `${request.agent}-${runtime.id()}` });
  await checkNew(platform, address);
  const source = folder === null ? null : await runtime.sources.get(hosted.pack, folder);
  const subject = subjectOf(hosted.pack.manifest.subject, request.payload);
  if (subject !== null && source?.knows && !(await source.knows(subject))) {
    throw new PlatformError('subject.unknown', `the data folder ${folder ?? ''} knows no ${JSON.stringify(subject)}`);
  }
  const { agent, instructions, payload, thread } = request;
  const window = hosted.resolved.definition.memory_config.working_memory_window;
  const invocation: Invocation = {
    address,
    agent,
    instructions,
    payload,
    subject,
    as_of: request.asOf ?? source?.asOf ?? today(platform),
    data: folder,
    parent: null,
    ancestors: [],
    parent_remaining: null,
    parent_allows: null,
    facts: {},
    model: runtime.model.name,
    ...(thread !== undefined && {
      thread: { id: thread, turns: await runtime.threads.read(tenant, agent, thread, window) },
    }),
    trace: request.trace ?? newTrace(platform),
  };
  return { address, invocation, source };
}

export interface BatchRequest {
  schedule: string;
  batch?: string;
  asOf?: string;
  /** Only these targets; each must be in the schedule's list. */
  only?: string[];
  trace?: Trace;
}

export interface StartedBatch {
  address: Address;
  asOf: string;
  /** The latest date in the data; of a batch that is only taken up, the day it looked from. */
  dataEnds: string;
  /** Target ids, in list order. */
  targets: string[];
  created: boolean;
}

/** Accepts one batch of a schedule. Asking again with the same batch id accepts nothing new. */
export async function startBatch(platform: Platform, request: BatchRequest): Promise<StartedBatch> {
  const { runtime, settings } = platform;
  const declared = runtime.catalog.schedule(request.schedule);
  if (!declared) {
    const schedules = runtime.catalog.packs.flatMap((pack) => Object.keys(pack.manifest.schedules));
    throw new PlatformError(
      'schedule.unknown',
      `no schedule is called ${request.schedule}; there are: ${schedules.join(', ') || 'none'}`,
    );
  }
  const { pack, schedule } = declared;
  runtime.model.checkAgent?.(schedule.agent);
  const { folder, tenant } = dataOf(settings, pack);
  if (folder === null)
    throw new PlatformError(
      'data.missing',
      `the schedule ${request.schedule} needs a data folder; name one with --data DIR`,
    );
  const source = await runtime.sources.get(pack, folder);
  const asOf = request.asOf ?? source.asOf;
  const listed = (await source.targets(schedule.targets, asOf)).map((target) => target.id);
  const known = new Set(listed);
  for (const id of request.only ?? []) {
    if (!known.has(id)) {
      throw new PlatformError(
        'target.unknown',
        `${schedule.targets} as of ${asOf} has no target ${JSON.stringify(id)}; there are: ${sample(listed)}`,
      );
    }
  }
  const trace = request.trace ?? newTrace(platform);
  const address = rootOf({ tenant, run: request.batch ?? newBatchId(platform, request.schedule, asOf) });
  await checkNew(platform, address);
  const only = request.only && new Set(request.only);
  const targets = only ? listed.filter((id) => only.has(id)) : listed;
  for (const id of targets) checkTargetRun(targetRun(address.run, id));
  await seedOnce(platform, source, tenant);
  const batch = {
    schedule: request.schedule,
    as_of: asOf,
    data: folder,
    only: request.only ?? null,
    model: runtime.model.name,
    release: pack.release.digest,
  };
  const to = { ...address, agent: batchAgent(request.schedule) };
  const created = await accept(
    intakeOf(platform),
    batchMachine,
    to,
    null,
    { type: 'invoked', address, batch, trace },
    trace,
  );
  return { address, asOf, dataEnds: source.asOf, targets, created };
}

/** What is recorded under an id that is none any more may be asked for again. */
async function checkNew({ runtime }: Platform, address: Address): Promise<void> {
  if (isNewId(address.run) || (await runtime.journal.tail(address)) !== null) return;
  refuseNewId(address.run);
}

const seeded = new WeakMap<Source, Promise<unknown>>();

/** Loads the memories that a pack's data folder brings along; loading them again adds nothing. */
export async function loadMemories(platform: Platform, pack: LoadedPack): Promise<void> {
  const { folder, tenant } = dataOf(platform.settings, pack);
  if (folder !== null) await seedOnce(platform, await platform.runtime.sources.get(pack, folder), tenant);
}

/** Once per process. */
async function seedOnce({ runtime }: Platform, source: Source, tenant: string): Promise<void> {
  let seeding = seeded.get(source);
  if (!seeding) {
    seeding = source.memories().then((memories) => runtime.memory.seed(tenant, memories));
    seeded.set(source, seeding);
    seeding.catch(() => seeded.delete(source));
  }
  await seeding;
}

export function newBatchId({ runtime }: Platform, schedule: string, asOf: string): string {
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
