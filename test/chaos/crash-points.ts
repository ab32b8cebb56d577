/** Kills a worker at every point of a run's journals, and has the next worker finish. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startBatch } from '../../bridge/door.ts';
import { readRun, type RunTree } from '../../bridge/runs.ts';
import { ENDED } from '../../bridge/settle.ts';
import { watchJournals } from '../../bridge/watch.ts';
import { chain, type PlatformOptions, settingsFor, type TestPlatform } from '../support/platform.ts';
import type { Doom, LastWords, Point, When } from './doomed-worker.ts';
import { expectedOfHealthCheck } from './health-checks.ts';
import { explain, judge, verdict } from './oracle.ts';
import { readRecords } from './records.ts';

const DOOMED = fileURLToPath(new URL('./doomed-worker.ts', import.meta.url));
const SCHEDULE = 'weekly_health_check';
const WHEN: When[] = ['before', 'after', 'sent'];
/** Of the batch: `admitted`, `targets.listed`, and the report that completes it. */
const BATCH_APPENDS = 3;
const FINISH_MS = 30_000;

export interface CrashPointsOptions {
  targets: string[];
  ackWaitMs: number;
  /** Every nth point only. */
  every?: number;
  /** Batches that die together. */
  wave?: number;
}

export interface CrashPoints {
  points: number;
  /** Milliseconds from the kill to the next worker's first entry, ascending; of points that left something to append. */
  takeovers: number[];
  /** What went wrong, in words; empty when every run came out as if nothing had happened. */
  problems: string[];
}

interface Case extends Point {
  target: string;
}

/** Servers are the caller's; each process of the platform comes from `open`. */
export async function crashPoints(
  open: (options?: PlatformOptions) => Promise<TestPlatform>,
  { targets, ackWaitMs, every = 1, wave = 40 }: CrashPointsOptions,
): Promise<CrashPoints> {
  const undisturbed = new Map<string, string[]>();
  const whole = await open({ ackWaitMs });
  for (const [target, tree] of (await whole.batch({ batch: 'undisturbed', only: targets })).trees) {
    undisturbed.set(target, work(tree));
  }
  await whole.stop();
  const cases = targets
    .flatMap((target) => {
      const appends = BATCH_APPENDS + (undisturbed.get(target)?.length ?? 0);
      return Array.from({ length: appends }, (_, i) => i + 1).flatMap((append) =>
        WHEN.map((when): Case => ({ target, batch: `crash-${target}-${append}-${when}`, append, when })),
      );
    })
    .filter((_, i) => i % every === 0);
  const asker = await open({ works: false });
  const problems: string[] = [];
  const takeovers: number[] = [];
  for (let i = 0; i < cases.length; i += wave) {
    const now = cases.slice(i, i + wave);
    for (const { batch, target } of now)
      await startBatch(asker.platform, { schedule: SCHEDULE, batch, only: [target] });
    const killed = await doom(asker, { ackWaitMs, points: now }, problems);
    takeovers.push(...(await finish(open, asker, ackWaitMs, now, killed, problems)));
    for (const each of now) {
      const address = { tenant: 'sample', run: `${each.batch}-${each.target}`, path: '0' };
      const tree = await readRun(asker.platform.runtime.journal, address);
      const got = tree ? work(tree) : [];
      const wanted = undisturbed.get(each.target) ?? [];
      if (got.join('\n') !== wanted.join('\n')) {
        problems.push(`${each.batch}: another chain:\n    ${tree ? chain(tree).join('\n    ') : 'no journal'}`);
      }
    }
  }
  const judgement = judge(await readRecords(asker.platform.nc), expectedOfHealthCheck);
  if (judgement.violations.length > 0) problems.push(verdict(judgement), explain(judgement, 20));
  await asker.stop();
  return { points: cases.length, takeovers: takeovers.sort((a, b) => a - b), problems };
}

/** The chain without the claims of whoever took over. */
function work(tree: RunTree): string[] {
  return chain(tree).filter((line) => !line.endsWith(': resumed'));
}

/** Resolves with the time of the kill. */
async function doom(
  asker: TestPlatform,
  { ackWaitMs, points }: Pick<Doom, 'ackWaitMs' | 'points'>,
  problems: string[],
): Promise<number> {
  const argument: Doom = { settings: settingsFor(asker), cwd: process.cwd(), ackWaitMs, points, patience: 15_000 };
  const child = spawn(process.execPath, ['--import', 'tsx', DOOMED, JSON.stringify(argument)], {
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
  open: (options?: PlatformOptions) => Promise<TestPlatform>,
  asker: TestPlatform,
  ackWaitMs: number,
  cases: Case[],
  killed: number,
  problems: string[],
): Promise<number[]> {
  const { nc, jsm, runtime } = asker.platform;
  const next = await open({ ackWaitMs });
  const unfinished = new Set(cases.map(({ batch }) => batch));
  const first = new Map<string, number>();
  const all = new AbortController();
  await watchJournals(nc, runtime.journal, {
    tenant: 'sample',
    runs: [],
    signal: AbortSignal.any([all.signal, AbortSignal.timeout(FINISH_MS)]),
    onEntry: ({ run, path }, { state, writer, at }) => {
      const batch = cases.find((each) => run === each.batch || run.startsWith(`${each.batch}-`))?.batch;
      if (batch === undefined) return;
      if (writer === next.platform.runtime.worker && !first.has(batch)) first.set(batch, Date.parse(at) - killed);
      if (run === batch && path === '0' && ENDED.has(state)) unfinished.delete(batch);
      if (unfinished.size === 0) all.abort();
    },
  });
  for (const batch of unfinished) problems.push(`${batch}: it did not end within ${FINISH_MS / 1000} s`);
  const deadline = performance.now() + 10 * ackWaitMs;
  while ((await jsm.streams.info('MAIL')).state.messages > 0 && performance.now() < deadline) await pause(20);
  await next.stop();
  return [...first.values()];
}
