/** The OpenAPI 3.1 document of the HTTP door. Bodies are the zod schemas that validate and answer. Pure. */
import { z } from 'zod';
import type { JsonObject } from '../../runtime/json.ts';
import { TASK_FILTERS } from './run-states.ts';
import { Cancel, CancelAnswer, HumanDecision, HumanTaskDetail, HumanTaskList, HumanTaskView } from './human-schemas.ts';
import { type HttpOperation, httpRoutes } from './http-routes.ts';
import { SchemaBook } from './json-schemas.ts';
import { BatchView, Readiness, Refusal, RunEvent, RunRequest, RunView, StartAnswer, StartRequest } from './schemas.ts';

const JSON_TYPE = 'application/json';
const TRACE: JsonObject[] = [
  header('x-correlation-id', 'Finds the request again in the journal and in events; made up when absent.'),
  header('traceparent', 'W3C trace context; carried on when valid.'),
];
const PREFER = header(
  'Prefer',
  '`respond-async`: answer at once. `wait=N`: wait for the report N seconds at most, within the setting http_wait_ms.',
);
const LAST_EVENT_ID = header('Last-Event-ID', 'Go on behind the event of this id.');

interface Operation {
  summary: string;
  parameters?: JsonObject[];
  body?: JsonObject;
  responses: JsonObject;
  /** Asked without a token, too. */
  open?: true;
}

export function openapiDocument({ version }: { version: string }): JsonObject {
  const book = new SchemaBook();
  const json = (name: string, schema: z.ZodType): JsonObject => ({ [JSON_TYPE]: { schema: book.refer(name, schema) } });
  const refusal = { description: 'A refusal: nothing was changed.', content: json('Refusal', Refusal) };

  const operation = (id: HttpOperation, of: Operation): JsonObject => ({
    operationId: id,
    summary: of.summary,
    parameters: [...(of.parameters ?? []), ...TRACE],
    ...(of.body && { requestBody: { required: true, content: of.body } }),
    responses: { ...of.responses, default: refusal },
    ...(of.open && { security: [{}] }),
  });
  const answer = (description: string, content: JsonObject, headers?: JsonObject): JsonObject => ({
    description,
    content,
    ...(headers && { headers }),
  });
  const view = json('RunView', RunView);
  const cancelled = json('CancelAnswer', CancelAnswer);

  const operations: Record<HttpOperation, Operation> = {
    startRun: {
      summary: 'Start a run and wait for its report.',
      parameters: [PREFER],
      body: json('RunRequest', RunRequest),
      responses: {
        200: answer('The run has ended; `state` says how.', view),
        202: answer('The run goes on, or waits for a person: then `tasks` has the question.', view, {
          Location: text('Where to ask for it.'),
        }),
      },
    },
    getRun: {
      summary: 'Where a run stands, and its report once it has ended.',
      parameters: [inPath('A run id.')],
      responses: { 200: answer('The run.', view) },
    },
    followRun: {
      summary: 'The run’s journal as server-sent events `entry`, until the run has ended.',
      parameters: [inPath('A run id.'), LAST_EVENT_ID],
      responses: {
        200: answer('Each event’s data is a RunEvent.', {
          'text/event-stream': { schema: book.refer('RunEvent', RunEvent) },
        }),
        204: { description: 'The run has ended, and nothing comes behind Last-Event-ID.' },
      },
    },
    cancelRun: {
      summary: 'Cancel a run with all that it delegated, or a batch with all its runs.',
      parameters: [inPath('A run id or batch id.')],
      body: json('CancelRequest', Cancel),
      responses: {
        200: answer('All of it is final: nothing of it takes effect any more.', cancelled),
        202: answer('It is being cancelled; `ending` names what is not final yet. Ask again.', cancelled),
      },
    },
    listTasks: {
      summary: 'Questions to people: open ones with the most pressing first, others with the latest first.',
      parameters: [
        inQuery('state', 'Which ones; `open` when absent.', { type: 'string', enum: [...TASK_FILTERS] }),
        inQuery('limit', 'At most so many; 100 when absent.', { type: 'integer', minimum: 1, maximum: 1000 }),
      ],
      responses: { 200: answer('The questions.', json('HumanTaskList', HumanTaskList)) },
    },
    getTask: {
      summary: 'One question, with what the agent wants to do and the evidence.',
      parameters: [inPath('The id of a question.')],
      responses: { 200: answer('The question.', json('HumanTaskDetail', HumanTaskDetail)) },
    },
    decideTask: {
      summary: 'Answer a question.',
      parameters: [inPath('The id of a question.')],
      body: json('HumanDecisionRequest', HumanDecision),
      responses: {
        200: answer('The decision counts.', json('HumanTaskView', HumanTaskView)),
        504: answer('`human.unconfirmed`: it is queued, and counts when a worker takes it.', json('Refusal', Refusal)),
      },
    },
    getBatch: {
      summary: 'Where a batch and each of its runs stand.',
      parameters: [
        inPath('A batch id.'),
        inQuery('from', 'How many runs to pass over: `next` of the answer before.', {
          type: 'integer',
          minimum: 0,
        }),
      ],
      responses: { 200: answer('The batch.', json('BatchView', BatchView)) },
    },
    startTargets: {
      summary: 'Start a batch of a schedule for one target, a list of them, or all.',
      parameters: [inPath('The name of a schedule.')],
      body: json('StartRequest', StartRequest),
      responses: {
        202: answer('What was accepted, runs already, or is unknown.', json('StartAnswer', StartAnswer), {
          Location: text('Where to ask for the batch.'),
        }),
      },
    },
    healthz: {
      summary: 'The process is up.',
      responses: { 200: answer('It is.', json('Health', z.object({ status: z.literal('up') }))) },
      open: true,
    },
    readyz: {
      summary: 'The platform can write its journal and reach Redis.',
      responses: { 200: answer('It can.', json('Readiness', Readiness)) },
    },
    metrics: {
      summary: 'Metrics in Prometheus’s text format.',
      responses: { 200: answer('Metrics.', { 'text/plain': { schema: { type: 'string' } } }) },
    },
  };
  const paths: Record<string, JsonObject> = {};
  for (const [id, { method, path }] of httpRoutes()) {
    paths[path] = { ...paths[path], [method]: operation(id, operations[id]) };
  }

  return {
    openapi: '3.1.0',
    info: {
      title: 'agent-platform',
      version,
      description: 'Starts runs of agents and tells where they stand. Error codes are listed in errors.md.',
    },
    security: [{}, { bearer: [] }],
    paths,
    components: {
      schemas: book.schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'When the setting http_token is set.' },
      },
    },
  };
}

function header(name: string, description: string): JsonObject {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

function inPath(description: string): JsonObject {
  return { name: 'id', in: 'path', required: true, description, schema: { type: 'string' } };
}

function inQuery(name: string, description: string, schema: JsonObject): JsonObject {
  return { name, in: 'query', required: false, description, schema };
}

function text(description: string): JsonObject {
  return { description, schema: { type: 'string' } };
}
