/** Starts a run, at whatever door. What is accepted here runs on whatever worker is alive. */
import { acceptRun } from '../../actors/accept.ts';
import { PlatformError } from '../../config/errors.ts';
import { type Address, rootOf } from '../../runtime/address.ts';
import { subjectOf } from '../../runtime/definitions/subject.ts';
import type { Invocation, Trace } from '../../runtime/journal/entry.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { admit } from '../../runtime/policy/admission.ts';
import type { Source } from '../../runtime/source.ts';
import { readRun } from '../journals/runs.ts';
import { dataOf, type Platform } from '../platform/platform.ts';
import { seedOnce } from './data-memories.ts';
import { checkNew, checkTenant, intakeOf, newTrace } from './intake.ts';
import { askedOfRun, differences, idTaken } from './same-id.ts';

export interface RunRequest {
  agent: string;
  instructions: string;
  payload: JsonObject;
  run?: string;
  /** ISO date; the latest of the data when absent. */
  asOf?: string;
  thread?: string;
  trace?: Trace;
  /** The tenant that the door names; any when absent. */
  tenant?: string | null;
}

export interface StartOptions {
  /**
   * For a command that looks at what becomes of the run: what a supervisor refuses is journaled, and the start of a run that
   * exists is posted again. Otherwise what would be refused is refused here, so that nothing of it is journaled, and a run
   * that was begun is left as it is.
   */
  takesUp?: boolean;
}

export interface StartedRun {
  address: Address;
  created: boolean;
}

/**
 * Accepts one run of an agent. Asking again with the same run id accepts nothing new.
 * @throws PlatformError `run.exists` when the run of that id was asked something else, unless it is taken up
 */
export async function startRun(
  platform: Platform,
  request: RunRequest,
  { takesUp = false }: StartOptions = {},
): Promise<StartedRun> {
  const prepared = await prepareRun(platform, request);
  const { address, invocation } = prepared;
  if (!takesUp) {
    refuseEarly(platform, invocation);
    if (request.run !== undefined && (await isBegun(platform, invocation, request))) return { address, created: false };
  }
  const created = await acceptPrepared(platform, prepared);
  if (!created && !takesUp) await isBegun(platform, invocation, request);
  return { address, created };
}

export interface PreparedRun {
  address: Address;
  invocation: Invocation;
  /** The data of the run, null without any. */
  source: Source | null;
}

/** Accepts what was prepared, with the memories that its data brings along; false when the run existed. */
export async function acceptPrepared(
  platform: Platform,
  { address, invocation, source }: PreparedRun,
): Promise<boolean> {
  if (source) await seedOnce(platform, source, address.tenant);
  return acceptRun(intakeOf(platform), invocation);
}

/** What is accepted next: its agent, its data and its subject are known; nothing is written. */
export async function prepareRun(platform: Platform, request: RunRequest): Promise<PreparedRun> {
  const { runtime, settings } = platform;
  const hosted = runtime.catalog.agent(request.agent);
  if (!hosted) {
    const known = runtime.catalog.agents().map(({ resolved }) => resolved.definition.metadata.name);
    throw new PlatformError(
      'agent.unknown',
      `no agent is called ${request.agent}; there are: ${known.join(', ') || 'none'}`,
    );
  }
  runtime.model.checkAgent?.(request.agent);
  const { folder, tenant } = dataOf(settings, hosted.pack);
  const address = rootOf({ tenant, run: request.run ?? `${request.agent}-${runtime.id()}` });
  checkTenant(request.tenant, tenant);
  await checkNew(platform, address);
  const source = folder === null ? null : await runtime.sources.get(hosted.pack, folder);
  const subject = subjectOf(hosted.pack.manifest.subject, request.payload);
  if (subject !== null && source?.knows && !(await source.knows(subject))) {
    throw new PlatformError('subject.unknown', `the data folder ${folder ?? ''} knows no ${JSON.stringify(subject)}`);
  }
  const { agent, instructions, payload, thread } = request;
  const window = hosted.resolved.definition.memory_config.working_memory_window;
  const invocation: Invocation = {
    address,
    agent,
    instructions,
    payload,
    subject,
    as_of: request.asOf ?? source?.asOf ?? today(platform),
    data: folder,
    parent: null,
    ancestors: [],
    parent_remaining: null,
    parent_allows: null,
    facts: {},
    model: runtime.model.name,
    ...(thread !== undefined && {
      thread: { id: thread, turns: await runtime.threads.read(tenant, agent, thread, window) },
    }),
    trace: request.trace ?? newTrace(platform),
  };
  return { address, invocation, source };
}

/** What a supervisor would refuse is refused at the door, so that nothing of it is journaled. */
function refuseEarly({ runtime }: Platform, invocation: Invocation): void {
  const definition = runtime.catalog.agent(invocation.agent)?.resolved.definition ?? null;
  const refused = admit({ invocation, definition, subject_required: true }).verdicts.find(({ ok }) => !ok);
  if (refused) throw new PlatformError('admission.refused', `${refused.rule}: ${refused.reason}`);
}

/** Whether the run exists and was begun. Throws when its id is taken by a batch, or by a run that was asked something else. */
async function isBegun({ runtime }: Platform, asked: Invocation, request: RunRequest): Promise<boolean> {
  const { journal } = runtime;
  const tree = await readRun(journal, asked.address);
  if (tree === null && (await journal.tail(asked.address)) === null) return false;
  const was = tree?.context.invocation;
  const { agent, instructions, payload, thread = null } = request;
  const now = { agent, instructions, payload, thread, as_of: request.asOf };
  const others = was ? differences(askedOfRun(was), now).map(({ field }) => `another ${field}`) : ['it is a batch'];
  if (others.length === 0) return tree?.state !== 'admitting';
  const id = JSON.stringify(asked.address.run);
  throw idTaken(`the run ${id} exists and was asked something else: ${others.join(', ')}; give another run_id`);
}

function today({ runtime }: Platform): string {
  return runtime.now().toISOString().slice(0, 10);
}
