/** Kills a worker at every point of a run's journals, and has the next worker finish. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '../../config/root.ts';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { ENDED } from '../../bridge/follow/settle.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { ROOT_PATH } from '../../runtime/address.ts';
import { abortsAfter } from '../../runtime/time-limit.ts';
import { chain, type PlatformOptions, settingsFor, type TestPlatform } from '../support/platform.ts';
import type { Doom, LastWords, Point, When } from './doomed-worker.ts';
import { expectedOfHealthCheck } from './health-checks.ts';
import { judge, type Judgement } from './oracle.ts';
import { queued } from './queued.ts';
import { readRecords } from './records.ts';
import { type StepIn, stepIn } from './step-in.ts';

const DOOMED = fileURLToPath(new URL('./doomed-worker.ts', import.meta.url));
const SCHEDULE = 'weekly_health_check';
const TENANT = 'sample';
const WHEN: When[] = ['before', 'after', 'sent'];
/** Of the batch: `admitted`, `targets.listed`, and the report that completes it. */
const BATCH_APPENDS = 3;
const FINISH_MS = 30_000;

/** A run, from its start to its end. */
export interface Journey {
  target: string;
  /** What a person does when it waits for one; null for a run that never does. */
  person: StepIn | null;
}

/** A stable, a watch and an urgent run; one that a person approves, one that is cancelled with its whole tree. */
export const JOURNEYS: Journey[] = [
  { target: 'calder-logistics', person: null },
  { target: 'dunmore-foods', person: null },
  { target: 'acme-corp', person: null },
  { target: 'evergreen-health', person: 'approve' },
  { target: 'evergreen-health', person: 'cancel' },
];

export interface CrashPointsOptions {
  journeys: Journey[];
  ackWaitMs: number;
  /** Every nth point only. */
  every?: number;
  /** Batches that die together. */
  wave?: number;
  log?(line: string): void;
}

export interface CrashPoints {
  points: number;
  /** Milliseconds from the kill to the next worker's first entry, ascending; of points that left something to append. */
  takeovers: number[];
  /** What went wrong, in words; empty when every run came out as if nothing had happened. */
  problems: string[];
  judgement: Judgement;
}

interface Case extends Point, Journey {}

type Open = (options?: PlatformOptions) => Promise<TestPlatform>;

/** Servers are the caller's; each process of the platform comes from `open`. */
export async function crashPoints(
  open: Open,
  { journeys, ackWaitMs, every = 1, wave = 40, log = () => {} }: CrashPointsOptions,
): Promise<CrashPoints> {
  const asker = await open({ works: false });
  const over = new AbortController();
  const people = stepIn(asker, TENANT, over.signal);
  const wholes = await undisturbed(open, asker, journeys, ackWaitMs);
  const cases = journeys
    .flatMap((journey) => {
      const appends = BATCH_APPENDS + (wholes.get(nameOf(journey))?.length ?? 0);
      return Array.from({ length: appends }, (_, i) => i + 1).flatMap((append) =>
        WHEN.map((when): Case => ({ ...journey, batch: `crash-${nameOf(journey)}-${append}-${when}`, append, when })),
      );
    })
    .filter((_, i) => i % every === 0);
  const problems: string[] = [];
  const takeovers: number[] = [];
  for (let i = 0; i < cases.length; i += wave) {
    const now = cases.slice(i, i + wave);
    log(`crash points ${i + 1} to ${i + now.length} of ${cases.length}`);
    for (const each of now) await begin(asker, each.batch, each);
    const killed = await doom(asker, { ackWaitMs, points: now }, problems);
    takeovers.push(...(await finish(open, asker, ackWaitMs, now, killed, problems)));
    for (const each of now) {
      const got = await workOf(asker, each.batch, each);
      const wanted = wholes.get(nameOf(each)) ?? [];
      if (got.join('\n') !== wanted.join('\n')) {
        problems.push(`${each.batch}: another chain:\n    ${got.join('\n    ')}`);
      }
    }
  }
  over.abort();
  await people;
  const judgement = judge(await readRecords(asker.platform.nc), expectedOfHealthCheck);
  await asker.stop();
  return { points: cases.length, takeovers: takeovers.sort((a, b) => a - b), problems, judgement };
}

function nameOf({ target, person }: Journey): string {
  return person ? `${person}-${target}` : target;
}

async function begin({ platform }: TestPlatform, batch: string, { target }: Journey): Promise<void> {
  await startBatch(platform, { schedule: SCHEDULE, batch, only: [target] });
}

/** The work of each journey when nothing happens to it, by name. */
async function undisturbed(
  open: Open,
  asker: TestPlatform,
  journeys: Journey[],
  ackWaitMs: number,
): Promise<Map<string, string[]>> {
  const whole = await open({ ackWaitMs });
  const batchOf = (journey: Journey) => `whole-${nameOf(journey)}`;
  for (const journey of journeys) await begin(asker, batchOf(journey), journey);
  const unfinished = await ended(asker, journeys.map(batchOf));
  await whole.worker.settled();
  await whole.stop();
  if (unfinished.length > 0) throw new Error(`undisturbed, ${unfinished.join(', ')} did not end`);
  const works = new Map<string, string[]>();
  for (const journey of journeys) works.set(nameOf(journey), await workOf(asker, batchOf(journey), journey));
  return works;
}

/** The chain without the claims of whoever took over. */
async function workOf({ platform }: TestPlatform, batch: string, { target }: Journey): Promise<string[]> {
  const address = { tenant: TENANT, run: `${batch}-${target}`, path: ROOT_PATH };
  const tree: RunTree | null = await readRun(platform.runtime.journal, address);
  return tree ? chain(tree).filter((line) => !line.endsWith(': resumed')) : [];
}

/** Resolves with the time of the kill. */
async function doom(
  asker: TestPlatform,
  { ackWaitMs, points }: Pick<Doom, 'ackWaitMs' | 'points'>,
  problems: string[],
): Promise<number> {
  const argument: Doom = { settings: settingsFor(asker), cwd: process.cwd(), ackWaitMs, points, patience: 15_000 };
  const child = spawn(process.execPath, [...NODE_ARGUMENTS, DOOMED, JSON.stringify(argument)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [, signal]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number, string]>]);
  const killed = Date.now();
  if (signal !== 'SIGKILL') throw new Error(`the doomed worker ended by itself: ${said}`);
  for (const batch of (JSON.parse(said) as LastWords).missed) problems.push(`${batch}: the point was never reached`);
  return killed;
}

/** Lets another worker finish; resolves when all batches have ended and the mail is empty, with the takeover times. */
async function finish(
  open: Open,
  asker: TestPlatform,
  ackWaitMs: number,
  cases: Case[],
  killed: number,
  problems: string[],
): Promise<number[]> {
  const next = await open({ ackWaitMs });
  const { worker } = next.platform.runtime;
  const first = new Map<string, number>();
  const unfinished = await ended(
    asker,
    cases.map(({ batch }) => batch),
    (batch, { writer, at }) => {
      if (writer === worker && !first.has(batch)) first.set(batch, Date.parse(at) - killed);
    },
  );
  for (const batch of unfinished) problems.push(`${batch}: it did not end within ${FINISH_MS / 1000} s`);
  const deadline = performance.now() + 10 * ackWaitMs;
  while ((await queued(asker.platform.jsm)) > 0 && performance.now() < deadline) await pause(20);
  await next.stop();
  return [...first.values()];
}

/** Resolves when these batches have ended, or with those that have not after a while. */
async function ended(
  { platform }: TestPlatform,
  batches: string[],
  onEntry: (batch: string, entry: { writer: string; at: string }) => void = () => {},
): Promise<string[]> {
  const unfinished = new Set(batches);
  const all = new AbortController();
  await watchJournals(platform.nc, platform.runtime.journal, {
    tenant: TENANT,
    runs: [],
    signal: AbortSignal.any([all.signal, abortsAfter(FINISH_MS)]),
    onEntry: ({ run, path }, entry) => {
      const batch = batches.find((each) => run === each || run.startsWith(`${each}-`));
      if (batch === undefined) return;
      onEntry(batch, entry);
      if (run === batch && path === ROOT_PATH && ENDED.has(entry.state)) unfinished.delete(batch);
      if (unfinished.size === 0) all.abort();
    },
  });
  return [...unfinished];
}
