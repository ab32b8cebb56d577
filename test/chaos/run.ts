/** `npm run chaos -- --seed N --minutes M [--only FAULT]… [--quiet]`: exit 1 when the oracle finds anything. */
import { parseArgs } from 'node:util';
import { chaos } from './chaos.ts';
import { type FaultName, WEIGHTS } from './faults.ts';
import { explain, verdict } from './oracle.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    minutes: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    quiet: { type: 'boolean', default: false },
  },
});
for (const name of values.only ?? [])
  if (!(name in WEIGHTS)) throw new Error(`no fault is called ${name}; there are: ${Object.keys(WEIGHTS).join(', ')}`);
const seed = Number(values.seed);
const started = performance.now();
const { judgement, faults } = await chaos({
  seed,
  ms: Number(values.minutes) * 60_000,
  ...(values.only && { faults: values.only as FaultName[] }),
  log: (line) => {
    if (!values.quiet) console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  },
});
if (judgement.violations.length > 0) console.log(explain(judgement, 20));
const counted = Object.entries(faults).map(([name, count]) => `${name} ${count}`);
const runs = `runs ${judgement.runs} (${judgement.waiting} wait for a person), batches ${judgement.batches}, takeovers ${judgement.takeovers}`;
console.log(`seed ${seed}: faults {${counted.join(', ')}}, ${runs}: ${verdict(judgement)}`);
process.exit(judgement.violations.length === 0 ? 0 : 1);
