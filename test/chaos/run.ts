/** The chaos tests, as `npm run chaos`: exit 1 when the oracle finds anything, 2 when the command line is wrong. */
import { chaos, type ChaosResult } from './chaos.ts';
import { ownCrashPoints } from './crash-points-own.ts';
import type { CrashPoints } from './crash-points.ts';
import { inFigures } from './figures.ts';
import { type ChaosArguments, readArguments, USAGE } from './options.ts';
import { explain, verdict } from './oracle.ts';

function fromCommandLine(): ChaosArguments {
  try {
    const read = readArguments(process.argv.slice(2), Date.now() % 100_000);
    if (read !== 'help') return read;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message.split('\n')[0]}; --help shows what there is`);
    process.exit(2);
  }
}

const { seed, ms, only, every, quiet, cluster } = fromCommandLine();
const started = performance.now();
const log = (line: string): void => {
  if (!quiet) console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
};

const random: ChaosResult | null =
  ms > 0 ? await chaos({ seed, ms, log, cluster, ...(only.length > 0 && { faults: only }) }) : null;
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
