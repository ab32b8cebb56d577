/** The command line of the chaos tests. Pure. */
import { parseArgs } from 'node:util';
import { type OuterFault, WEIGHTS } from './faults.ts';

/** Of how many crash points one is tried. */
const EVERY: Readonly<Record<string, number>> = { all: 1, some: 8, none: 0 };
const LONGEST_MINUTES = 24 * 60;

export const USAGE = `npm run chaos -- [OPTION]…
Lets faults strike at workers, servers and actors, and asks an oracle what was lost, done twice or stuck. Exits 1 when it
finds anything, 2 when an option is wrong.

  --seed N                      fixes what is tried and in which order (a whole number; default by the clock)
  --minutes M                   how long faults strike, more than 0 (default 1)
  --cluster                     NATS is three servers, with three copies of every stream
  --only FAULT                  of the faults from outside only this one; may be repeated
  --crash-points all|some|none  kill a worker at every, every eighth or no crash point (default some)
  --no-faults                   leave out the faults: crash points only
  --quiet                       no line for each fault
  -h, --help                    print this

Faults: ${Object.keys(WEIGHTS).join(', ')}

Examples:
  npm run chaos -- --seed 7 --minutes 2 --crash-points all
  npm run chaos -- --only 'kill worker' --only 'restart nats' --crash-points none
  npm run chaos -- --cluster --seed 3 --crash-points none
  npm run chaos -- --no-faults --crash-points all`;

export interface ChaosArguments {
  seed: number;
  /** How long faults strike; 0: not at all. */
  ms: number;
  only: OuterFault[];
  /** Of how many crash points one is tried; 0: of none. */
  every: number;
  quiet: boolean;
  /** NATS is three servers. */
  cluster: boolean;
}

/** `seed` is taken when none is named. @throws Error with one line for people */
export function readArguments(args: readonly string[], seed: number): ChaosArguments | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      only: { type: 'string', multiple: true },
      'crash-points': { type: 'string', default: 'some' },
      'no-faults': { type: 'boolean', default: false },
      cluster: { type: 'boolean', default: false },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const only = values.only ?? [];
  for (const name of only) {
    if (!isFault(name)) throw new Error(`no fault is called ${name}; there are: ${Object.keys(WEIGHTS).join(', ')}`);
  }
  const points = values['crash-points'];
  const every = Object.hasOwn(EVERY, points) ? EVERY[points] : undefined;
  if (every === undefined) throw new Error(`--crash-points is ${Object.keys(EVERY).join(', ')}, not ${points}`);
  const calm = values['no-faults'];
  if (calm && (values.minutes !== undefined || only.length > 0)) {
    throw new Error('--no-faults goes neither with --minutes nor with --only');
  }
  if (calm && values.cluster) throw new Error('--no-faults leaves out what --cluster is for');
  if (calm && every === 0) throw new Error('--no-faults and --crash-points none leave nothing to do');
  const ms = minutesOf(values.minutes ?? '1') * 60_000;
  return {
    seed: seedOf(values.seed) ?? seed,
    ms: calm ? 0 : ms,
    only: only.filter(isFault),
    every,
    quiet: values.quiet,
    cluster: values.cluster,
  };
}

function isFault(name: string): name is OuterFault {
  return Object.hasOwn(WEIGHTS, name);
}

function seedOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const seed = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new Error(`--seed is a whole number, not ${text}`);
}

function minutesOf(text: string): number {
  const minutes = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && minutes > 0 && minutes <= LONGEST_MINUTES) return minutes;
  throw new Error(`--minutes is a number above 0 and at most ${LONGEST_MINUTES}, not ${text}`);
}
