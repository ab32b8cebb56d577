/** Begins a batch, or takes up one that exists: then its journal says what it was asked, and only a person's own words are held against it. */
import { realpathSync } from 'node:fs';
import { namedData } from '../../config/data-setting.ts';
import { PlatformError } from '../../config/errors.ts';
import type { Address } from '../../runtime/address.ts';
import type { BatchStart } from '../../runtime/journal/entry.ts';
import { type Batch, foldBatch } from '../journals/batch-journal.ts';
import { type BatchRequest, type StartedBatch, startBatch } from './door.ts';
import { findRun } from '../views/find-runs.ts';
import { dataOf, type Platform } from '../platform/platform.ts';

/**
 * One that has ended, however it did, is answered as it was.
 * @throws PlatformError `run.exists` when a batch or run of that id was started otherwise
 */
export async function openBatch(platform: Platform, request: BatchRequest): Promise<StartedBatch> {
  const existing = await findBatch(platform, request);
  if (existing === null) return startBatch(platform, request);
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
    return startBatch({ ...platform, settings }, again);
  }
  const { as_of: asOf } = start;
  return { address, asOf, dataEnds: asOf, targets: context.targets.map(({ id }) => id), created: false };
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
  if (batch === null) throw exists(`${request.batch} is a run of an agent, not a batch; give --batch another id`);
  const differences = differing(batch.start, request, named);
  if (differences.length === 0) return batch;
  throw exists(
    `the batch ${request.batch} was started with ${differences.join(' and ')}; ` +
      'leave these options out to finish it, or give --batch another id',
  );
}

/** One id names one batch for a person, whatever the tenant: reports of two would lie in one folder. */
function choose(found: Address[], tenant: string | null, batch: string): Address | null {
  const [first, ...more] = tenant === null ? found : found.filter((address) => address.tenant === tenant);
  if (first !== undefined && more.length === 0) return first;
  if (found.length === 0) return null;
  const tenants = found.map((address) => address.tenant).join(' and ');
  throw exists(`a batch ${batch} belongs to the tenant ${tenants}; name it with --tenant, or give --batch another id`);
}

/** What a person asked for now and the batch was not started with. */
function differing({ schedule, as_of, only, data }: BatchStart, request: BatchRequest, folder?: string): string[] {
  const found: string[] = [];
  if (schedule !== request.schedule) found.push(`the schedule ${schedule}, not ${request.schedule}`);
  if (request.asOf !== undefined && as_of !== request.asOf) found.push(`--as-of ${as_of}, not ${request.asOf}`);
  if (request.only !== undefined && !sameTargets(only, request.only)) {
    found.push(
      `${only === null ? 'all targets' : `--target ${only.join(', ')}`}, not --target ${request.only.join(', ')}`,
    );
  }
  if (folder !== undefined && data !== realFolder(folder)) found.push(`--data ${data}, not ${folder}`);
  return found;
}

function sameTargets(a: string[] | null, b: string[]): boolean {
  return a !== null && a.length === b.length && a.every((id) => b.includes(id));
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder; // It differs from any that was opened.
  }
}

function exists(message: string): PlatformError {
  return new PlatformError('run.exists', message);
}
