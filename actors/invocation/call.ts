import { setTimeout as pause } from 'node:timers/promises';
import { describeError, PlatformError } from '../../config/errors.ts';
import { PAUSE_MS } from '../../runtime/bus/patience.ts';
import type { CallState, InvocationContext } from '../../runtime/context/invocation.ts';
import type { Invocation, InvocationEvent } from '../../runtime/journal/entry.ts';
import type { Json } from '../../runtime/json.ts';
import type { Means } from '../../runtime/definitions/catalog.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import { problemsOf, problemsToText } from '../../runtime/definitions/words.ts';
import type { Source } from '../../runtime/pack.ts';
import { EMIT_EVENT, RECALL_MEMORY, RecallInput, STORE_MEMORY, StoreInput } from '../../runtime/tools/builtin.ts';
import { abortsAfter } from '../../runtime/time-limit.ts';
import type { AnyTool } from '../../runtime/tools/tool.ts';
import type { Runtime } from '../runtime.ts';
import { callEvent } from './event.ts';
import { meansOf, otherCode } from './means.ts';

/** How long an event or a memory is tried again where it stands. */
const PATIENCE_MS = 60_000;

type Settled = Extract<InvocationEvent, { type: 'tool.settled' }>;

/** What a call that succeeded yields. */
interface Yield {
  result: Json;
  /** What the result is about; it becomes a fact when this is the run's subject. */
  about?: string | null;
  created?: Settled['created'];
}

/** Runs one local call. A throw of the tool is its result: an error that the model reads. */
export async function runCall(
  runtime: Runtime,
  state: InvocationContext,
  ordinal: number,
  signal: AbortSignal,
): Promise<InvocationEvent> {
  const call = state.turns.flatMap((turn) => turn.calls).find((candidate) => candidate.ordinal === ordinal);
  const { invocation } = state;
  if (!call || !invocation) throw new PlatformError('activation.crashed', `there is no call ${ordinal} to run`);
  const means = await meansOf(runtime, state);
  // Who lacks something does not begin: see the activation.
  if ('lacks' in means) throw new PlatformError('activation.crashed', means.lacks);
  const { code } = otherCode(means);
  try {
    const { result, about, created } = takesEffect(call)
      ? await patiently(runtime, signal, () => execute(runtime, means, invocation, call, signal))
      : await inTime(runtime.toolTimeoutMs, call.name, signal, (bounded) =>
          execute(runtime, means, invocation, call, bounded),
        );
    const isFact = about !== undefined && about !== null && about === invocation.subject;
    // Only what survives JSON is a result: the journal is what a restart reads.
    const kept = asJson(call.name, result);
    return {
      type: 'tool.settled',
      ordinal,
      ok: true,
      result: kept,
      fact: isFact ? call.name : null,
      created: created ?? null,
      ...(code && { code }),
    };
  } catch (error) {
    // Nobody knows whether it took effect. Made again under the same id it does so once; as a tool error, the model would
    // make another one.
    if (takesEffect(call) && !(error instanceof PlatformError)) throw error;
    const { code: failure, message } = describeError(error, 'tool.failed');
    runtime.log.warn(
      { run: invocation.address.run, path: invocation.address.path, tool: call.name, code: failure },
      'tool failed',
    );
    return {
      type: 'tool.settled',
      ordinal,
      ok: false,
      result: `${failure}: ${message}`,
      fact: null,
      created: null,
      ...(code && { code }),
    };
  }
}

function asJson(tool: string, result: unknown): Json {
  const text = JSON.stringify(result ?? null) as string | undefined;
  if (text === undefined)
    throw new PlatformError('tool.failed', `${tool} returned a ${typeof result}, which is no JSON`);
  return JSON.parse(text) as Json;
}

/** An event or a memory: it waits for its server as every entry does, and is never given up half-way. */
function takesEffect({ kind }: CallState): boolean {
  return kind === 'emit' || kind === 'store';
}

/** A server that is just coming back says no to begin with; it is asked again before the actor is started anew. */
async function patiently<T>({ log }: Runtime, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (let failed = 0; ; failed++) {
    try {
      return await work();
    } catch (err) {
      if (err instanceof PlatformError || signal.aborted || performance.now() > until) throw err;
      // Once for people: as long as it goes on failing, there is nothing new to say.
      log[failed === 0 ? 'warn' : 'debug']({ err, failed }, 'an event or a memory could not be written; trying again');
      await pause(PAUSE_MS, undefined, { signal });
    }
  }
}

/** A tool that does not heed its signal is left behind; its late result is ignored. */
async function inTime<T>(
  ms: number,
  name: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = abortsAfter(ms);
  const late = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () =>
      reject(new PlatformError('tool.timed_out', `${name} took longer than ${ms} ms`)),
    );
  });
  return Promise.race([work(AbortSignal.any([signal, timeout])), late]);
}

function execute(
  runtime: Runtime,
  means: Means,
  invocation: Invocation,
  call: CallState,
  signal: AbortSignal,
): Promise<Yield> {
  switch (call.name) {
    case RECALL_MEMORY:
      return recall(runtime, invocation, call);
    case STORE_MEMORY:
      return store(runtime, invocation, call);
    case EMIT_EVENT:
      return emit(runtime, means, invocation, call);
    default:
      return runTool(runtime, means, invocation, call, signal);
  }
}

async function recall(runtime: Runtime, invocation: Invocation, call: CallState): Promise<Yield> {
  const { query, subject, limit } = RecallInput.parse(call.input);
  const about = subject ?? invocation.subject;
  const memories = await runtime.memory.recall({
    tenant: invocation.address.tenant,
    scope: invocation.agent,
    query,
    subject: about,
    before: invocation.as_of,
    limit,
  });
  return { result: { memories } as unknown as Json, about };
}

async function store(runtime: Runtime, invocation: Invocation, call: CallState): Promise<Yield> {
  const { tenant, run, path } = invocation.address;
  const { id } = await runtime.memory.store({
    ...StoreInput.parse(call.input),
    id: effectId(invocation, call),
    tenant,
    scope: invocation.agent,
    subject: invocation.subject,
    date: invocation.as_of,
    source: `${run}/${path}`,
  });
  return { result: { id }, created: { memory: id } };
}

async function emit(runtime: Runtime, { resolved }: Means, invocation: Invocation, call: CallState): Promise<Yield> {
  const id = effectId(invocation, call);
  const event = callEvent(invocation, call, id, resolved);
  await runtime.topics.emit(event);
  return { result: { id }, created: { event: { topic: event.topic, id } } };
}

async function runTool(
  runtime: Runtime,
  { pack }: Means,
  invocation: Invocation,
  call: CallState,
  signal: AbortSignal,
): Promise<Yield> {
  const tool = pack.code.tools.find(({ name }) => name === call.name);
  if (!tool) throw new PlatformError('tool.failed', `no loaded pack supplies the tool ${call.name}`);
  const input = tool.input.parse(call.input);
  const returned = await tool.run(input, {
    ...invocation.address,
    agent: invocation.agent,
    subject: invocation.subject,
    asOf: invocation.as_of,
    source: await openSource(runtime, pack, invocation.data),
    signal,
    log: runtime.log,
  });
  return { result: checkedResult(tool, asJson(tool.name, returned)), about: tool.subject?.(input) ?? null };
}

/** What is malformed never becomes an entry: rules and code that read facts rely on the tool's output schema. */
function checkedResult({ name, output }: AnyTool, result: Json): Json {
  if (output === undefined) return result;
  const checked = output.safeParse(result);
  if (checked.success) return asJson(name, checked.data);
  const problems = problemsToText(problemsOf(output, result));
  throw new PlatformError('tool.malformed', `${name} returned what its output schema does not allow: ${problems}`);
}

function openSource(runtime: Runtime, pack: LoadedPack, folder: string | null): Promise<Source> {
  if (folder === null)
    throw new PlatformError('data.missing', 'this run names no data folder; give one with --data DIR');
  return runtime.sources.get(pack, folder);
}

/** The effect's key, as one id: run, path and step ordinal. A repeat of the same step makes the same id. */
function effectId(invocation: Invocation, call: CallState): string {
  const { run, path } = invocation.address;
  return `${run}-${path}-${call.ordinal}`;
}
