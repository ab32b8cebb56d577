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

export const NOT_RECORDABLE =
  'the schema of these parameters changes what it has read, expected one that takes its own result as it is: ' +
  'parameters are recorded with every run, and read again from there';

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

/** Makes a pack's code for recorded parameters, once for each that is met; the loaded code for the loaded ones. */
export function remade(
  module: PackModule,
  loaded: Parameters,
  code: PackCode,
  { yaml, log }: { yaml: LocatedYaml; log: Logger },
): (recorded: Parameters) => { code: PackCode } | { wrong: string } {
  const made = new Map<string, { code: PackCode } | { wrong: string }>([[canonicalJson(loaded), { code }]]);
  return (recorded) => {
    const key = canonicalJson(recorded);
    const known = made.get(key) ?? make(module, recorded, yaml, log);
    made.set(key, known);
    return known;
  };
}

function make(
  module: PackModule,
  recorded: Parameters,
  yaml: LocatedYaml,
  log: Logger,
): { code: PackCode } | { wrong: string } {
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
