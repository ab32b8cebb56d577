/**
 * `npm run chaos -- [--seed N] [--minutes M] [--only FAULT]… [--crash-points all|some|none] [--quiet]`: exit 1 when the
 * oracle finds anything. `--minutes 0` leaves out the chaos and kills at crash points only.
 */
import { parseArgs } from 'node:util';
import { chaos, type ChaosResult } from './chaos.ts';
import { ownCrashPoints } from './crash-points-own.ts';
import type { CrashPoints } from './crash-points.ts';
import { type OuterFault, WEIGHTS } from './faults.ts';
import { inFigures } from './figures.ts';
import { explain, verdict } from './oracle.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    'crash-points': { type: 'string', default: 'some' },
    quiet: { type: 'boolean', default: false },
  },
});
for (const name of values.only ?? [])
  if (!(name in WEIGHTS)) throw new Error(`no fault is called ${name}; there are: ${Object.keys(WEIGHTS).join(', ')}`);
const EVERY: Record<string, number> = { all: 1, some: 8, none: 0 };
const every = EVERY[values['crash-points']];
if (every === undefined) throw new Error(`--crash-points is all, some or none, not ${values['crash-points']}`);

const seed = Number(values.seed);
const ms = Number(values.minutes) * 60_000;
const started = performance.now();
const log = (line: string): void => {
  if (!values.quiet) console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
};

const random: ChaosResult | null =
  ms > 0 ? await chaos({ seed, ms, log, ...(values.only && { faults: values.only as OuterFault[] }) }) : null;
const points: CrashPoints | null = every > 0 ? await ownCrashPoints({ every, log }) : null;

for (const judgement of [random?.judgement, points?.judgement]) {
  if (judgement && judgement.violations.length > 0) console.log(`seed ${seed}:\n${explain(judgement, 20)}`);
}
for (const problem of points?.problems ?? []) console.log(problem);
const counted = Object.entries(random?.faults ?? {}).sort(([, a], [, b]) => b - a);
for (const [name, count] of counted) console.log(`${String(count).padStart(6)}  ${name}`);
if (random) {
  const { runs, batches, waiting, cancelled } = random.judgement;
  console.log(`runs ${runs} in ${batches} batches: ${waiting} wait for a person, ${cancelled} were cancelled`);
  if (random.forgotten > 0) console.log(`mail that the killed server forgot to have removed: ${random.forgotten}`);
  console.log(`takeover after a kill: ${inFigures(random.takeovers)}`);
}
console.log(points ? `crash points ${points.points}, takeover ${inFigures(points.takeovers)}` : 'crash points: none');

const violations = [random, points].flatMap((each) => each?.judgement.violations ?? []);
const faults = counted.reduce((sum, [, count]) => sum + count, points?.points ?? 0);
const runs = (random?.judgement.runs ?? 0) + (points?.judgement.runs ?? 0);
console.log(`seed ${seed}: ${faults} faults, ${runs} runs, ${verdict({ violations })}`);
process.exit(violations.length + (points?.problems.length ?? 0) === 0 ? 0 : 1);
