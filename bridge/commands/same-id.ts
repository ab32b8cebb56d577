/** What exists under an id, held against what is asked under it now. Pure. */
import { PlatformError } from '../../config/errors.ts';
import { canonicalJson } from '../../runtime/canonical.ts';
import type { BatchStart, Invocation } from '../../runtime/journal/entry.ts';
import type { Json } from '../../runtime/json.ts';

/** What a run or a batch was asked, or is asked now: by field. */
type Asked = Record<string, Json | undefined>;

export interface Difference<F extends string = string> {
  field: F;
  was: Json;
  now: Json;
}

/** In what they differ, in the order of what is asked. What is not asked for now (`undefined`) is no difference. */
export function differences<A extends Asked>(was: Asked, now: A): Difference<keyof A & string>[] {
  return Object.entries(now).flatMap(([field, asked]) => {
    const before = was[field] ?? null;
    if (asked === undefined || canonicalJson(before) === canonicalJson(asked)) return [];
    return [{ field, was: before, now: asked }];
  });
}

export function askedOfRun({ agent, instructions, payload, as_of, data, thread }: Invocation): Asked {
  return { agent, instructions, payload, as_of, data, thread: thread?.id ?? null };
}

/** Targets are a set: their order is no difference. */
export function askedOfBatch({ schedule, as_of, only, data }: BatchStart): Asked {
  return { schedule, as_of, data, only: only && targetSet(only) };
}

export function targetSet(targets: readonly string[]): string[] {
  return [...new Set(targets)].sort();
}

export function idTaken(message: string): PlatformError {
  return new PlatformError('run.exists', message);
}
