/**
 * The service endpoints `api.<tenant>.<group>.<name>` of the loaded packs: what each takes, answers and does. The NATS
 * door serves this list, and the AsyncAPI document is written from it. Pure.
 */
import { z } from 'zod';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import type { EndpointDefinition } from '../../runtime/definitions/schema.ts';
import {
  CancelAnswer,
  HumanDecideRequest,
  HumanListQuery,
  HumanTaskDetail,
  HumanTaskList,
  HumanTaskQuery,
  HumanTaskView,
  RunCancelRequest,
} from './human-schemas.ts';
import { BatchQuery, BatchView, RunQuery, RunRequest, RunView, StartAnswer, StartRequest } from './schemas.ts';

/** What an endpoint does with a valid request. */
export type Deed =
  | { kind: 'run'; agent: string }
  | { kind: 'get run' }
  | { kind: 'get batch' }
  | { kind: 'cancel' }
  | { kind: 'list tasks' }
  | { kind: 'show task' }
  | { kind: 'decide' }
  | { kind: 'start'; schedule: string; target: string; targets: string };

export interface ApiEndpoint {
  group: string;
  name: string;
  description: string;
  request: z.ZodType;
  reply: z.ZodType;
  deed: Deed;
  /** The packs whose tenants are served. */
  packs: readonly LoadedPack[];
}

/** The longest that a request may wait for the end of its run. */
const WAIT_MAX_MS = 60_000;

export const AgentRunRequest = RunRequest.extend({
  agent: z.string().optional().describe('If given, the agent that the subject names.'),
  wait_ms: z
    .int()
    .min(0)
    .max(WAIT_MAX_MS)
    .optional()
    .describe(
      'How long to wait for the end of the run, or for a person to be asked, before the answer; 0 when absent.',
    ),
}).meta({ id: 'AgentRunRequest' });
export type AgentRunRequest = z.infer<typeof AgentRunRequest>;

/** Own endpoints first, then those that the packs declare. */
export function endpointsOf(packs: readonly LoadedPack[]): ApiEndpoint[] {
  return [...runEndpoints(packs), ...queryEndpoints(packs), ...humanEndpoints(packs), ...packs.flatMap(packEndpoints)];
}

/** One for each agent that may start from outside. */
function runEndpoints(packs: readonly LoadedPack[]): ApiEndpoint[] {
  return packs.flatMap((pack) =>
    [...pack.agents.values()]
      .map(({ resolved }) => resolved.definition)
      .filter(({ metadata }) => metadata.role === 'main')
      .map(({ metadata, core_context }) => ({
        group: 'run',
        name: metadata.name,
        description: `Starts a run: ${core_context.identity}`,
        request: AgentRunRequest,
        reply: RunView,
        deed: { kind: 'run', agent: metadata.name },
        packs: [pack],
      })),
  );
}

function queryEndpoints(packs: readonly LoadedPack[]): ApiEndpoint[] {
  return [
    {
      group: 'runs',
      name: 'get',
      description: 'Where a run stands, and its report once it has ended.',
      request: RunQuery,
      reply: RunView,
      deed: { kind: 'get run' },
      packs,
    },
    {
      group: 'runs',
      name: 'cancel',
      description: 'Cancels a run with all that it delegated, or a batch with all its runs.',
      request: RunCancelRequest,
      reply: CancelAnswer,
      deed: { kind: 'cancel' },
      packs,
    },
    {
      group: 'batches',
      name: 'get',
      description: 'Where a batch and each of its runs stand.',
      request: BatchQuery,
      reply: BatchView,
      deed: { kind: 'get batch' },
      packs,
    },
  ];
}

function humanEndpoints(packs: readonly LoadedPack[]): ApiEndpoint[] {
  return [
    {
      group: 'human',
      name: 'list',
      description: 'Questions to people, the most pressing first.',
      request: HumanListQuery,
      reply: HumanTaskList,
      deed: { kind: 'list tasks' },
      packs,
    },
    {
      group: 'human',
      name: 'show',
      description: 'One question, with what the agent wants to do and the evidence.',
      request: HumanTaskQuery,
      reply: HumanTaskDetail,
      deed: { kind: 'show task' },
      packs,
    },
    {
      group: 'human',
      name: 'decide',
      description: 'Answers a question; replies when the decision counts in the journal.',
      request: HumanDecideRequest,
      reply: HumanTaskView,
      deed: { kind: 'decide' },
      packs,
    },
  ];
}

function packEndpoints(pack: LoadedPack): ApiEndpoint[] {
  return Object.entries(pack.manifest.endpoints).flatMap(([group, named]) =>
    Object.entries(named).map(([name, endpoint]) => ({
      group,
      name,
      description: endpoint.description || `Starts the schedule ${endpoint.schedule} for the targets that are named.`,
      request: startRequest(group, name, endpoint),
      reply: StartAnswer,
      deed: {
        kind: 'start' as const,
        schedule: endpoint.schedule,
        target: endpoint.target_field,
        targets: endpoint.targets_field,
      },
      packs: [pack],
    })),
  );
}

/** StartRequest, with the endpoint's own words for targets besides the general ones. */
function startRequest(group: string, name: string, { target_field, targets_field }: EndpointDefinition): z.ZodType {
  const { target, targets, ...others } = StartRequest.shape;
  const ways = [...new Set([target_field, targets_field, 'all', 'target', 'targets'])];
  return z
    .strictObject({ ...{ [target_field]: target, [targets_field]: targets }, target, targets, ...others })
    .refine((request: Record<string, unknown>) => ways.filter((way) => request[way] !== undefined).length === 1, {
      message: `names several or none of ${ways.join(', ')}, expected exactly one of them`,
      params: { worded: true },
    })
    .meta({ id: camel(`${group}_${name}_request`), description: `Exactly one of ${ways.join(', ')}.` });
}

/** A valid request of such an endpoint in the general words. */
export function plainStart(deed: Extract<Deed, { kind: 'start' }>, request: Record<string, unknown>): StartRequest {
  const { [deed.target]: target, [deed.targets]: targets, ...others } = request;
  return StartRequest.parse({
    ...others,
    ...(target !== undefined && { target }),
    ...(targets !== undefined && { targets }),
  });
}

function camel(name: string): string {
  return name.replace(/(^|_)([a-z0-9])/g, (_, _start, letter: string) => letter.toUpperCase());
}
