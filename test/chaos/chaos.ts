/** One seeded chaos run: batches keep coming, faults keep striking, then everything calms down and the oracle speaks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startBatch } from '../../bridge/door.ts';
import { openTestProcess, type TestProcess } from '../../bridge/testing/process.ts';
import { MAIL_STREAM } from '../../runtime/subjects.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { testSettings } from '../support/servers.ts';
import { babbled } from './babble.ts';
import { Crew, Duplicator, type FaultName, inflict, type Stage, WEIGHTS } from './faults.ts';
import { expectedOfHealthCheck } from './health-checks.ts';
import { judge, type Judgement } from './oracle.ts';
import { Chance } from './random.ts';
import { readRecords } from './records.ts';
import { startChaosServers } from './servers.ts';

export interface ChaosOptions {
  seed: number;
  /** How long faults strike. */
  ms: number;
  workers?: number;
  ackWaitMs?: number;
  /** Only these faults; all of them when absent. */
  faults?: FaultName[];
  log?(line: string): void;
}

export interface ChaosResult {
  judgement: Judgement;
  faults: Partial<Record<FaultName, number>>;
}

/** Runs wait for one another's mail when more than this is queued. */
const MOST_MAIL = 300;
const CALM_MS = 90_000;

export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, ms, workers = 3, ackWaitMs = 1000, log = () => {} } = options;
  const dir = mkdtempSync(join(tmpdir(), 'agent-platform-chaos-'));
  const chance = new Chance(seed);
  const closing: (() => Promise<unknown>)[] = [async () => rmSync(dir, { recursive: true, force: true })];
  try {
    const { nats, redis } = await startChaosServers(dir, testSettings(dir).host);
    closing.push(nats.stop, redis.stop);
    const settings = { natsUrl: nats.url, redisUrl: redis.url, packs: [CUSTOMER_SUCCESS] };
    const asker = await openTestProcess(testSettings(dir, settings), { works: false });
    closing.push(asker.stop);
    const crew = new Crew(chance, {
      settings,
      cwd: dir,
      ackWaitMs,
      slowMs: 200,
      modelThrows: 0.01,
      modelBabbles: 0.02,
      toolThrows: 0.02,
    });
    closing.push(() => crew.dismiss());
    for (let i = 0; i < workers; i += 1) await crew.hire();
    const { nc, redis: redisClient } = asker.platform;
    const stage: Stage = { chance, crew, nats, redis, redisClient, nc, duplicator: new Duplicator(nc), ackWaitMs };
    const until = performance.now() + ms;
    const [faults] = await Promise.all([strike(stage, until, options), ask(asker, new Chance(seed + 1), until)]);
    log('no more faults');
    await calm(asker, log);
    const judgement = judge(await readRecords(nc), (run) => (babbled(run) ? null : expectedOfHealthCheck(run)));
    return { judgement, faults };
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function strike(
  stage: Stage,
  until: number,
  { faults, log = () => {} }: ChaosOptions,
): Promise<ChaosResult['faults']> {
  const struck: ChaosResult['faults'] = {};
  const asleep: Promise<void>[] = [];
  const weights = { ...WEIGHTS };
  for (const name of Object.keys(weights) as FaultName[]) if (faults && !faults.includes(name)) weights[name] = 0;
  while (performance.now() < until) {
    await pause(stage.chance.between(100, 1500));
    const fault = stage.chance.weighted(weights);
    log(fault);
    const over = inflict(stage, fault).then(
      () => void (struck[fault] = (struck[fault] ?? 0) + 1),
      (error: unknown) => log(`${fault}: ${String(error)}`),
    );
    // A worker that was paused sleeps while other things happen.
    if (fault === 'pause worker') asleep.push(over);
    else await over;
  }
  await Promise.all(asleep);
  return struck;
}

/** Starts batch after batch; one whose door fails is asked for again under the same id, as a caller would. */
async function ask({ platform }: TestProcess, chance: Chance, until: number): Promise<void> {
  for (let n = 1; performance.now() < until; n += 1) {
    const batch = `chaos-${n}`;
    for (let accepted = false; !accepted; ) {
      try {
        await startBatch(platform, { schedule: 'weekly_health_check', batch });
        accepted = true;
      } catch {
        await pause(200);
      }
    }
    await pause(chance.between(200, 1500));
    while ((await waiting(platform)) > MOST_MAIL && performance.now() < until) await pause(200);
  }
}

/** Messages in MAIL; a server that is down has more than enough. */
async function waiting({ jsm }: TestProcess['platform']): Promise<number> {
  try {
    return (await jsm.streams.info(MAIL_STREAM)).state.messages;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Resolves when the mail has been empty for a while, or when it does not become so. */
async function calm({ platform }: TestProcess, log: (line: string) => void): Promise<void> {
  let empty = 0;
  for (const deadline = performance.now() + CALM_MS; empty < 5 && performance.now() < deadline; await pause(200)) {
    const left = await waiting(platform);
    empty = left === 0 ? empty + 1 : 0;
  }
  log(empty >= 5 ? 'calm' : `not calm after ${CALM_MS / 1000} s`);
}
