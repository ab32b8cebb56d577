/**
 * Starts a batch for the targets of a schedule that are known and not being worked on already.
 *
 * 1. A target is busy while an open batch of the schedule, or another open run of its agent about the same subject, works
 *    on it, or waits for a person: a second run would only ask the person again.
 * 2. Two starts at once, on whatever processes, never take the same target: each announces its targets before it begins,
 *    and an announcement succeeds only on top of the one that was read before.
 */
import { rootOf } from '../../runtime/address.ts';
import { targetRun } from '../../actors/batch/machine.ts';
import { namedData } from '../../config/data-setting.ts';
import { PlatformError } from '../../config/errors.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import { subjectOf } from '../../runtime/definitions/subject.ts';
import type { Trace } from '../../runtime/journal/entry.ts';
import type { Target } from '../../runtime/pack.ts';
import type { Announced } from '../../runtime/schedules/clockwork.ts';
import { type Batch, foldBatch } from '../journals/batch-journal.ts';
import { askedOfBatch, differences, idTaken } from './same-id.ts';
import { newBatchId, realFolder, startBatch, takeUpBatch } from './start-batch.ts';
import { openWork } from '../views/find-runs.ts';
import { checkTenant, intakeOf } from './intake.ts';
import { dataOf, type Platform } from '../platform/platform.ts';
import { checkDiskSpace } from '../platform/disk-space.ts';
import { asManyAsFit } from '../contract/long-lists.ts';
import type { StartAnswer, StartRequest } from '../contract/schemas.ts';

/** How often a start that lost the race for its turn looks again. */
const TRIES = 20;

interface Listed {
  schedule: string;
  pack: LoadedPack;
  tenant: string;
  asOf: string;
  /** Every target of the schedule by its id. */
  byId: Map<string, Target>;
}

export async function startTargets(
  platform: Platform,
  tenant: string | null,
  schedule: string,
  request: StartRequest,
  trace: Trace,
): Promise<StartAnswer> {
  const listed = await list(platform, tenant, schedule, request);
  const { byId, asOf } = listed;
  const asked = [...new Set(request.all ? byId.keys() : (request.targets ?? [request.target ?? '']))];
  const known = asked.filter((id) => byId.has(id));
  const unknown = asked.filter((id) => !byId.has(id));
  const again = await existing(platform, listed, request, known);
  if (again) {
    const { address, targets, asOf: as_of } = again;
    return told({ schedule, as_of, unknown, batch: address.run, accepted: runsOf(address.run, targets), running: [] });
  }
  const answer = { schedule, as_of: asOf, unknown };
  for (let tries = 0; tries < TRIES; tries++) {
    const { clockwork } = platform.runtime;
    const turn = await clockwork.turn(listed.tenant, schedule);
    const busy = await busyTargets(platform, listed, turn.announced);
    const running = known.flatMap((target) => {
      const run = busy.get(target);
      return run === undefined ? [] : [{ target, run }];
    });
    const free = known.filter((id) => !busy.has(id));
    if (free.length === 0) return told({ ...answer, batch: null, accepted: [], running });
    const batch = request.batch ?? newBatchId(platform, schedule, asOf);
    const all = free.length === byId.size;
    checkDiskSpace(platform.settings); // What is announced and then refused would count as running.
    // A long list goes by reference, to the object that the batch's journal will name, too.
    const { objects } = intakeOf(platform).journal;
    const announced = { batch, targets: all ? [] : await objects.cut(free), all };
    if (!(await clockwork.takeTurn(listed.tenant, schedule, turn.revision, announced))) continue;
    const only = all ? {} : { only: free };
    const { created } = await startBatch(platform, { schedule, asOf, batch, ...only, trace });
    if (!created) throw taken(batch, 'it is not a batch of these targets');
    return told({ ...answer, batch, accepted: runsOf(batch, free), running });
  }
  throw new PlatformError(
    'platform.unexpected',
    `starts of ${schedule} came in each other's way ${TRIES} times; try again`,
  );
}

async function list(
  platform: Platform,
  tenant: string | null,
  schedule: string,
  request: StartRequest,
): Promise<Listed> {
  const { runtime, settings } = platform;
  const declared = runtime.catalog.schedule(schedule);
  if (!declared) throw new PlatformError('schedule.unknown', `no schedule is called ${JSON.stringify(schedule)}`);
  const { pack } = declared;
  const data = dataOf(settings, pack);
  checkTenant(tenant, data.tenant);
  if (data.folder === null) {
    throw new PlatformError('data.missing', `the schedule ${schedule} needs a data folder (setting data)`);
  }
  const source = await runtime.sources.get(pack, data.folder);
  const asOf = request.as_of ?? source.asOf;
  const targets = await source.targets(declared.schedule.targets, asOf);
  return { schedule, pack, tenant: data.tenant, asOf, byId: new Map(targets.map((target) => [target.id, target])) };
}

/** The batch of the request's id, when there is one that was asked for the same. */
async function existing(
  platform: Platform,
  { tenant, schedule, pack }: Listed,
  request: StartRequest,
  known: string[],
) {
  if (request.batch === undefined) return null;
  const found = await foldBatch(platform.runtime.journal, rootOf({ tenant, run: request.batch }));
  if (!found) return null;
  const folder = namedData(platform.settings.data, pack.manifest.metadata.name);
  const now = { schedule, as_of: request.as_of, data: folder === undefined ? undefined : realFolder(folder) };
  const words = { schedule: 'it is a batch of', as_of: 'it is as of', data: 'its data folder is' };
  const [other] = differences(askedOfBatch(found.start), now);
  if (other) throw taken(request.batch, `${words[other.field]} ${String(other.was)}`);
  const opened = await takeUpBatch(platform, found);
  const wanted = new Set(known);
  if (!request.all && !opened.targets.every((id) => wanted.has(id))) throw taken(request.batch, 'it has other targets');
  return opened;
}

function taken(batch: string, why: string): PlatformError {
  return idTaken(`the id ${JSON.stringify(batch)} is taken: ${why}; give another batch`);
}

/** Target id → run, for every target that is being worked on. (1) */
async function busyTargets(
  platform: Platform,
  { schedule, pack, tenant, byId }: Listed,
  announced: Announced | null,
): Promise<Map<string, string>> {
  const { subject: pointer, schedules } = pack.manifest;
  const work = await openWork(platform, tenant, schedules[schedule]?.agent ?? '', schedule);
  const busy = new Map<string, string>();
  for (const target of byId.values()) {
    const run = work.bySubject.get(subjectOf(pointer, target.payload) ?? '');
    if (run !== undefined) busy.set(target.id, run);
  }
  for (const batch of work.batches) {
    for (const id of begun(batch, byId)) {
      const run = targetRun(batch.address.run, id);
      // What has a journal was counted above, by how it stands.
      if (!work.runs.has(run)) busy.set(id, run);
    }
  }
  if (announced && !work.runs.has(announced.batch)) {
    const targets = (await platform.runtime.journal.objects.whole(announced.targets)) as string[];
    for (const id of announced.all ? byId.keys() : targets) busy.set(id, targetRun(announced.batch, id));
  }
  return busy;
}

/** The targets that a batch has in hand; before it has listed them, those that it will list. Pure. */
function begun({ state, start, pending }: Batch, byId: ReadonlyMap<string, Target>): string[] {
  const isListed = state === 'running' || state === 'starting';
  return isListed ? pending.map(({ id }) => id) : (start.only ?? [...byId.keys()]);
}

/** The answer as every door can carry it, whatever the number of targets. Pure. */
function told(answer: StartAnswer): StartAnswer {
  const accepted = asManyAsFit(answer.accepted);
  const running = asManyAsFit(answer.running);
  const unknown = asManyAsFit(answer.unknown);
  const more = {
    accepted: answer.accepted.length - accepted.length,
    running: answer.running.length - running.length,
    unknown: answer.unknown.length - unknown.length,
  };
  const isWhole = more.accepted + more.running + more.unknown === 0;
  return { ...answer, accepted, running, unknown, ...(!isWhole && { more }) };
}

function runsOf(batch: string, targets: readonly string[]): { target: string; run: string }[] {
  return targets.map((target) => ({ target, run: targetRun(batch, target) }));
}
