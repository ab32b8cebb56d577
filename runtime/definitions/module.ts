import type { Logger } from 'pino';
import { z } from 'zod';
import type { JsonObject } from '../json.ts';
import type { PackCode, PackModule } from '../pack.ts';
import { isBuiltinName } from '../tools/builtin.ts';
import { jsonSchemaOf, outputSchemaOf, propertiesOf } from '../tools/json-schema.ts';
import { findInside } from './files.ts';
import { compileFindings, placeInside } from './import-error.ts';
import { importPath } from './import-path.ts';
import { type LocatedYaml, textAt } from './located.ts';
import type { Finding } from './resolved.ts';
import { Name } from './schema.ts';
import { describeValue, problemsOf, problemsToText, quote } from './words.ts';

/** A pack's TypeScript: imported, made with its parameters, and checked to be what the runtime will call. */
const isSchema = z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'a zod schema');
const isFunction = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'a function');

const Module = z.looseObject({ parameters: z.record(z.string(), isSchema), create: isFunction });
const Code = z.looseObject({
  tools: z.array(
    z.looseObject({
      name: z.string(),
      description: z.string().min(1),
      input: isSchema,
      output: isSchema.optional(),
      run: isFunction,
      most_shown: z.int().min(1_000).exactOptional(),
      rest: z.string().min(1).max(500).exactOptional(),
    }),
  ),
  agents: z.array(z.string()).optional(),
  conditions: z.record(z.string(), isFunction),
  checks: z.record(z.string(), isFunction).optional(),
  schemas: z.record(z.string(), isSchema),
  reports: z.record(z.string(), isSchema),
  players: z.record(z.string(), isFunction),
  open: isFunction,
  check: isFunction.optional(),
  row: isFunction.optional(),
});

/** What models' providers take as a property of a tool's input; of what lies deeper they take any. */
const PROPERTY = /^[a-zA-Z0-9_.-]{1,64}$/;
const PROPERTY_NAME = 'a name of at most 64 letters a–z and A–Z, digits, _, . and -';

/** A module that takes longer waits at its top level for what never comes. */
const IMPORT_TIMEOUT_MS = 10_000;

/** Imports the module that `pack.yaml` names; null, with a finding there, when it is not a pack's module. */
export async function importModule(
  folder: string,
  yaml: LocatedYaml,
  errors: Finding[],
  timeoutMs = IMPORT_TIMEOUT_MS,
): Promise<PackModule | null> {
  const name = textAt(yaml, ['module']);
  if (name === null || name === '') return null;
  const fail = (message: string) => {
    errors.push(yaml.finding(['module'], message));
    return null;
  };
  const found = await findInside(folder, folder, name);
  if (!found.ok) return fail(found.wrong);
  let exported: unknown;
  try {
    const imported = importPath(found.path) as Promise<{ default?: unknown }>;
    const module = await inTime(imported, timeoutMs);
    if (module === null) {
      const limit = `${timeoutMs / 1000} s`;
      return fail(`${quote(name)} was not imported within ${limit}, expected no top-level await that never settles`);
    }
    exported = module.default;
  } catch (error) {
    const wrong = compileFindings(error);
    if (wrong.length > 0) {
      errors.push(...wrong);
      return null;
    }
    const place = await placeInside(folder, error);
    return fail(`${quote(name)} threw while it was imported: ${messageOf(error)}${place}, expected a module`);
  }
  const problems = problemsOf(Module, exported);
  if (problems.length > 0) {
    return fail(
      `the default export of ${quote(name)} is ${describeValue(exported)}, expected the result of definePack`,
    );
  }
  return exported as PackModule;
}

/** Null when it takes too long. The timer also keeps a process alive in which nothing else is left to happen. */
async function inTime<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls `create`; null when a parameters file is invalid, or, with a finding, when the result cannot be used. */
export function createCode(
  module: PackModule,
  parameters: Record<string, unknown>,
  log: Logger,
  yaml: LocatedYaml,
  errors: Finding[],
): PackCode | null {
  const names = Object.keys(module.parameters);
  if (names.some((name) => parameters[name] === null || parameters[name] === undefined)) return null;
  const fail = (message: string) => {
    errors.push(yaml.finding(['module'], message));
  };
  let code: PackCode;
  try {
    // Of its own: what is recorded of the parameters stays as it was read.
    code = module.create({ parameters: structuredClone(parameters), log });
  } catch (error) {
    fail(`create() threw: ${messageOf(error)}, expected the pack's code`);
    return null;
  }
  const problems = problemsOf(Code, code);
  if (problems.length > 0) {
    for (const problem of problems) fail(`create() returned a wrong ${problemsToText([problem])}`);
    return null;
  }
  checkTools(code, fail);
  for (const kind of ['schemas', 'reports'] as const) {
    for (const [name, schema] of Object.entries(code[kind])) {
      const shown = showable(schema);
      if ('wrong' in shown) fail(`${kind}.${name} ${String(shown.wrong)}`);
      else if (kind === 'schemas' && shown.type !== 'object')
        fail(`schemas.${name} is no object, expected z.strictObject(…)`);
    }
  }
  return code;
}

function checkTools(code: PackCode, fail: (message: string) => void): void {
  const seen = new Set<string>();
  for (const { name, input, output } of code.tools) {
    if (!Name.safeParse(name).success)
      fail(`the tool name ${quote(name)} is wrong, expected a lower-case name such as get_orders`);
    else if (isBuiltinName(name)) fail(`the tool name ${quote(name)} belongs to the runtime, expected another`);
    else if (seen.has(name)) fail(`the tool ${quote(name)} is defined twice, expected it once`);
    seen.add(name);
    const shown = showable(input);
    if ('wrong' in shown) fail(`the input of tool ${quote(name)} ${String(shown.wrong)}`);
    else if (shown.type !== 'object') fail(`the input of tool ${quote(name)} is no object, expected z.strictObject(…)`);
    else {
      for (const property of propertiesOf(shown).filter((each) => !PROPERTY.test(each)))
        fail(`the input of tool ${quote(name)} has a property ${quote(property)}, expected ${PROPERTY_NAME}`);
    }
    const result = output === undefined ? {} : showable(output, outputSchemaOf);
    if ('wrong' in result) fail(`the output of tool ${quote(name)} ${String(result.wrong)}`);
  }
}

/** A schema's JSON form, or why it has none: a model could not be shown it, and rules not be checked against it. */
function showable(schema: z.ZodType, formOf = jsonSchemaOf): JsonObject | { wrong: string } {
  try {
    return formOf(schema);
  } catch (error) {
    return { wrong: `has no JSON Schema (${messageOf(error)}), expected a schema of plain JSON` };
  }
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
