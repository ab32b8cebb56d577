/** One seeded chaos run: batches keep coming, faults keep striking, then everything calms down and the oracle speaks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startBatch } from '../../bridge/commands/start-batch.ts';
import { openTestProcess, type TestProcess } from '../../bridge/testing/process.ts';
import { CUSTOMER_SUCCESS } from '../support/platform.ts';
import { testSettings } from '../support/servers.ts';
import type { ChaosWorker } from './chaos-worker.ts';
import { Crew } from './crew.ts';
import { type FaultName, inflict, type OuterFault, type Stage, WEIGHTS } from './faults.ts';
import { takeovers } from './figures.ts';
import { expectedOfHealthCheck } from './health-checks.ts';
import { leftProcesses } from './left-processes.ts';
import { MailTap } from './mail-tap.ts';
import { judge, type Judgement } from './oracle.ts';
import { queued } from './queued.ts';
import { Chance } from './random.ts';
import { readRecords } from './records.ts';
import { startChaosServers } from './servers.ts';

export interface ChaosOptions {
  seed: number;
  /** How long faults strike at least, and how many batches are asked for meanwhile at least, however slow the machine is. */
  ms: number;
  batches?: number;
  workers?: number;
  /** NATS is a cluster of three servers, and every stream is kept on all of them. */
  cluster?: boolean;
  ackWaitMs?: number;
  /** The targets of each batch; all there are when absent. */
  targets?: string[];
  /** How much more often than usual models, tools and senders fail: what few runs need to meet every way of it. */
  often?: number;
  /** Of the faults that strike by the seed's schedule only these; all of them when absent. */
  faults?: OuterFault[];
  log?(line: string): void;
}

export interface ChaosResult {
  judgement: Judgement;
  /** How often each one struck. */
  faults: Partial<Record<FaultName, number>>;
  /** Milliseconds from a kill to the next worker's first entry, ascending. */
  takeovers: number[];
  /** Mail that was acknowledged, and that a killed server had forgotten to have removed. */
  forgotten: number;
}

/** How often models, tools and senders fail. */
function unreliable(often: number): Omit<ChaosWorker, 'settings' | 'cwd' | 'ackWaitMs' | 'seed'> {
  return {
    slowMs: 200,
    model: {
      'model 429': 0.01 * often,
      'model 529': 0.01 * often,
      'model times out': 0.005 * often,
      'model throws': 0.005 * often,
      'malformed input': 0.02 * often,
      'model babbles': 0.02 * often,
      'model loops': 0.004 * often,
    },
    toolFails: 0.05 * often,
    reportLate: 0.1 * often,
  };
}
/** Longest that a tool may take; NATS is down for longer at times. */
const TOOL_TIMEOUT_MS = 2_000;
/** These last for seconds, in which other faults strike. */
const LASTING: ReadonlySet<OuterFault> = new Set(['pause worker', 'kill worker', 'drain worker']);

/** Runs wait for one another's mail when more than this is queued. */
const MOST_MAIL = 300;
const CALM_MS = 90_000;

export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, ms, batches = 1, workers = 3, ackWaitMs = 1000, cluster = false, targets, often = 1 } = options;
  const { log = () => {} } = options;
  const dir = mkdtempSync(join(tmpdir(), 'agent-platform-chaos-'));
  const chance = new Chance(seed);
  const closing: (() => Promise<unknown>)[] = [async () => rmSync(dir, { recursive: true, force: true })];
  try {
    const { nats, redis } = await startChaosServers(dir, testSettings(dir).host, cluster ? 3 : 1, new Chance(seed + 3));
    closing.push(nats.stop, redis.stop);
    const settings = {
      natsUrl: nats.url,
      natsReplicas: cluster ? 3 : 1,
      redisUrl: redis.url,
      packs: [CUSTOMER_SUCCESS],
      toolTimeoutMs: TOOL_TIMEOUT_MS,
    };
    const asker = await openTestProcess(testSettings(dir, settings), { works: false });
    closing.push(asker.stop);
    const faults: ChaosResult['faults'] = {};
    const struck = (fault: FaultName, count = 1): void => {
      if (count > 0) faults[fault] = (faults[fault] ?? 0) + count;
    };
    const crew = new Crew(new Chance(seed + 2), { settings, cwd: dir, ackWaitMs, ...unreliable(often) }, struck);
    closing.push(() => crew.dismiss());
    for (let i = 0; i < workers; i += 1) await crew.hire();
    const { nc, redis: redisClient, runtime } = asker.platform;
    const { mailer } = runtime;
    const stage: Stage = {
      chance,
      crew,
      nats,
      redis,
      redisClient,
      nc,
      mailer,
      tap: new MailTap(nc),
      ackWaitMs,
      cancelled: [],
    };
    const until = performance.now() + ms;
    let asked = 0;
    const isOver = (): boolean => performance.now() > until && asked >= batches;
    const onAsked = (): void => void (asked += 1);
    await Promise.all([
      strike(stage, isOver, options, struck),
      ask(asker, { chance: new Chance(seed + 1), isOver, only: targets, onAsked }),
    ]);
    log('no more faults');
    await calm(asker, log);
    const records = await readRecords(nc);
    const judgement = judge(records, expectedOfHealthCheck, stage.cancelled);
    await close(closing);
    const processes = [
      ...leftProcesses(dir).map((message) => ({ kind: 'stuck' as const, message })),
      ...crew.deaths.map((message) => ({ kind: 'wrong' as const, message })),
    ];
    judgement.violations.push(...processes.map((fault) => ({ ...fault, run: null, journal: [] })));
    return {
      judgement,
      faults,
      takeovers: takeovers(records.journals, crew.kills),
      forgotten: records.forgotten.length,
    };
  } finally {
    await close(closing);
  }
}

/** In reverse order, each once. */
async function close(closing: (() => Promise<unknown>)[]): Promise<void> {
  for (let each = closing.pop(); each; each = closing.pop()) await each();
}

async function strike(
  stage: Stage,
  isOver: () => boolean,
  { faults, log = () => {} }: ChaosOptions,
  struck: (fault: OuterFault, count: number) => void,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  const weights = { ...WEIGHTS };
  for (const name of Object.keys(weights) as OuterFault[]) if (faults && !faults.includes(name)) weights[name] = 0;
  while (!isOver()) {
    await pause(stage.chance.between(100, 1500));
    const fault = stage.chance.weighted(weights);
    const over = inflict(stage, fault).then(
      (count) => {
        log(count === 0 ? `${fault}: there was none` : fault);
        struck(fault, count);
      },
      (error: unknown) => log(`${fault}: ${String(error)}`),
    );
    if (LASTING.has(fault)) underWay.push(over);
    else await over;
  }
  await Promise.all(underWay);
}

/** Starts batch after batch; one whose door fails is asked for again under the same id, as a caller would. */
async function ask(
  { platform }: TestProcess,
  { chance, isOver, only, onAsked }: { chance: Chance; isOver(): boolean; only: string[] | undefined; onAsked(): void },
): Promise<void> {
  for (let n = 1; !isOver(); n += 1) {
    const batch = `chaos-${n}`;
    for (let accepted = false; !accepted; ) {
      try {
        await startBatch(platform, { schedule: 'weekly_health_check', batch, ...(only && { only }) });
        accepted = true;
      } catch {
        await pause(200);
      }
    }
    onAsked();
    await pause(chance.between(200, 1500));
    while ((await waiting(platform)) > MOST_MAIL && !isOver()) await pause(200);
  }
}

/** Mail on its way; a server that is down has more than enough. */
async function waiting({ jsm }: TestProcess['platform']): Promise<number> {
  return queued(jsm).catch(() => Number.POSITIVE_INFINITY);
}

/** Resolves when no mail has been on its way for a while, or when it does not become so. */
async function calm({ platform }: TestProcess, log: (line: string) => void): Promise<void> {
  let empty = 0;
  for (const deadline = performance.now() + CALM_MS; empty < 5 && performance.now() < deadline; await pause(200)) {
    const left = await waiting(platform);
    empty = left === 0 ? empty + 1 : 0;
  }
  log(empty >= 5 ? 'calm' : `not calm after ${CALM_MS / 1000} s`);
}
