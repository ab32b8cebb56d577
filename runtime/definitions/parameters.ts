/** Parameters are recorded with each definition, and a pack's code is made with those that an invocation began with. */
import type { Logger } from 'pino';
import type { z } from 'zod';
import { canonicalJson } from '../canonical.ts';
import type { PackCode, PackModule } from '../pack.ts';
import type { LocatedYaml } from './located.ts';
import { createCode } from './module.ts';
import type { Parameters } from './release.ts';
import type { Finding } from './resolved.ts';
import { own, problemsOf, problemsToText } from './words.ts';

const NOT_RECORDABLE =
  'the schema of these parameters changes what it has read, expected one that takes its own result as it is: ' +
  'parameters are recorded with every run, and read again from there';

/** Each agent's record holds all parameters of its pack, and is one message of the server, of which a megabyte is usual. */
const LARGEST_BYTES = 256 * 1024;

/** Why parameters that a schema has read cannot be recorded, in words; null when they can. */
export function whyNotRecorded(schema: z.ZodType, read: unknown): string | null {
  if (!isRecordable(schema, read)) return NOT_RECORDABLE;
  const bytes = Buffer.byteLength(canonicalJson(read));
  if (bytes <= LARGEST_BYTES) return null;
  return `these parameters are ${bytes} bytes of JSON, expected at most ${LARGEST_BYTES}: they are recorded with each agent, and what is larger is data`;
}

/** Whether what a schema has read can be kept as JSON, and is read from there as the same. */
export function isRecordable(schema: z.ZodType, read: unknown): boolean {
  try {
    const kept = canonicalJson(read);
    const again = schema.safeParse(JSON.parse(kept));
    return again.success && canonicalJson(again.data) === kept;
  } catch {
    return false;
  }
}

type Made = { code: PackCode } | { wrong: string };

/** Makes a pack's code for recorded parameters, once for each that is met; the loaded code for the loaded ones. */
export function remade(
  module: PackModule,
  loaded: Parameters,
  code: PackCode,
  { yaml, log }: { yaml: LocatedYaml; log: Logger },
): (recorded: Parameters) => Made {
  const made = new Map<string, Made>([[canonicalJson(loaded), { code }]]);
  // A record is read once and then asked for with every row of a batch.
  const seen = new WeakMap<Parameters, Made>();
  return (recorded) => {
    const before = seen.get(recorded);
    if (before) return before;
    const key = canonicalJson(recorded);
    const known = made.get(key) ?? make(module, recorded, yaml, log);
    made.set(key, known);
    seen.set(recorded, known);
    return known;
  };
}

function make(module: PackModule, recorded: Parameters, yaml: LocatedYaml, log: Logger): Made {
  const parameters: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(module.parameters)) {
    const value = own(recorded, name);
    const problems = problemsOf(schema, value);
    if (problems.length > 0) return { wrong: `the parameters ${name} do not fit: ${problemsToText(problems)}` };
    parameters[name] = schema.parse(value);
  }
  const errors: Finding[] = [];
  const code = createCode(module, parameters, log, yaml, errors);
  return code === null || errors.length > 0
    ? { wrong: errors.map(({ message }) => message).join('; ') || 'create() made no code of them' }
    : { code };
}
