/** Starts a batch, or takes up one that exists: then its journal says what it was asked, and only a person's own words are held against it. */
import { realpathSync } from 'node:fs';
import { accept } from '../../actors/accept.ts';
import { batchMachine, targetRun } from '../../actors/batch/machine.ts';
import { namedData } from '../../config/data-setting.ts';
import { PlatformError } from '../../config/errors.ts';
import { type Address, rootOf } from '../../runtime/address.ts';
import { checkTargetRun } from '../../runtime/ids.ts';
import type { BatchStart, Trace } from '../../runtime/journal/entry.ts';
import type { Json } from '../../runtime/json.ts';
import { batchAgent } from '../../runtime/subjects.ts';
import { type Batch, foldBatch } from '../journals/batch-journal.ts';
import { dataOf, type Platform } from '../platform/platform.ts';
import { findRun } from '../views/find-runs.ts';
import { seedOnce } from './data-memories.ts';
import { checkNew, intakeOf, newTrace } from './intake.ts';
import { askedOfBatch, differences, idTaken, targetSet } from './same-id.ts';

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
  /** What existed under that id when it was asked for; null of what is new. */
  existing: Batch | null;
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
  return {
    address,
    asOf,
    dataEnds: source.asOf,
    targets,
    created,
    existing: created ? null : await foldBatch(runtime.journal, address),
  };
}

/**
 * One that has ended, however it did, is answered as it was.
 * @throws PlatformError `run.exists` when a batch or run of that id was started otherwise
 */
export async function openBatch(platform: Platform, request: BatchRequest): Promise<StartedBatch> {
  const existing = await findBatch(platform, request);
  return existing === null ? startBatch(platform, request) : takeUpBatch(platform, existing);
}

/** Has a batch that exists go on, as it was asked. */
export async function takeUpBatch(platform: Platform, existing: Batch): Promise<StartedBatch> {
  const { address, start, context } = existing;
  if (existing.state === 'admitting' || existing.state === 'listing') {
    // Its door or its worker died early: the targets are listed anew, from the same folder as of the same date.
    const settings = { ...platform.settings, tenant: address.tenant, ...(start.data !== null && { data: start.data }) };
    const again = {
      schedule: start.schedule,
      batch: address.run,
      asOf: start.as_of,
      ...(start.only && { only: start.only }),
    };
    return { ...(await startBatch({ ...platform, settings }, again)), existing };
  }
  const { as_of: asOf } = start;
  return { address, asOf, dataEnds: asOf, targets: context.targets.map(({ id }) => id), created: false, existing };
}

async function findBatch(platform: Platform, request: BatchRequest): Promise<Batch | null> {
  const { settings, runtime } = platform;
  const declared = runtime.catalog.schedule(request.schedule);
  if (request.batch === undefined || !declared) return null;
  const { pack } = declared;
  const named = namedData(settings.data, pack.manifest.metadata.name);
  const found = await findRun(platform, request.batch, settings.tenant);
  const address = choose(found, named === undefined ? null : dataOf(settings, pack).tenant, request.batch);
  if (address === null) return null;
  const batch = await foldBatch(runtime.journal, address);
  if (batch === null) throw idTaken(`${request.batch} is a run of an agent, not a batch; give --batch another id`);
  const others = otherwise(batch.start, request, named);
  if (others.length === 0) return batch;
  throw idTaken(
    `the batch ${request.batch} was started with ${others.join(' and ')}; ` +
      'leave these options out to finish it, or give --batch another id',
  );
}

/** One id names one batch for a person, whatever the tenant: reports of two would lie in one folder. */
function choose(found: Address[], tenant: string | null, batch: string): Address | null {
  const [first, ...more] = tenant === null ? found : found.filter((address) => address.tenant === tenant);
  if (first !== undefined && more.length === 0) return first;
  if (found.length === 0) return null;
  const tenants = found.map((address) => address.tenant).join(' and ');
  throw idTaken(`a batch ${batch} belongs to the tenant ${tenants}; name it with --tenant, or give --batch another id`);
}

/** What a person asked for now and the batch was not started with. */
function otherwise(start: BatchStart, { schedule, asOf, only }: BatchRequest, folder?: string): string[] {
  const data = folder === undefined ? undefined : realFolder(folder);
  const now = { schedule, as_of: asOf, only: only && targetSet(only), data };
  const targets = (which: Json) => `--target ${(which as string[]).join(', ')}`;
  return differences(askedOfBatch(start), now).map(({ field, was }) => {
    switch (field) {
      case 'schedule':
        return `the schedule ${start.schedule}, not ${schedule}`;
      case 'as_of':
        return `--as-of ${start.as_of}, not ${asOf}`;
      case 'only':
        return `${was === null ? 'all targets' : targets(start.only)}, not ${targets(only ?? [])}`;
      case 'data':
        return `--data ${start.data}, not ${folder}`;
    }
  });
}

export function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder; // It differs from any that was opened.
  }
}

export function newBatchId({ runtime }: Platform, schedule: string, asOf: string): string {
  return `${schedule}-${asOf}-${runtime.id().slice(0, 8)}`;
}

function sample(ids: string[]): string {
  return ids.length <= 20 ? ids.join(', ') : `${ids.slice(0, 20).join(', ')} and ${ids.length - 20} more`;
}
