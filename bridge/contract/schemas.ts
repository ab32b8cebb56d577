/** What doors take and answer. The published documents (OpenAPI, AsyncAPI) are generated from these; they only grow. */
import { z } from 'zod';
import { Id, NewBatchId, NewId, NewRunId } from './fields.ts';
import { HumanTaskView } from './human-schemas.ts';

const JsonObject = z.record(z.string(), z.json());
const IsoDate = z.iso.date().describe('A day, as YYYY-MM-DD.');

export const RunRequest = z
  .strictObject({
    agent: z.string().min(1).max(63).optional().describe('Which agent; the setting default_agent when absent.'),
    instructions: z.string().min(1).max(20_000).describe('What is asked, in words.'),
    payload: JsonObject.describe('What the run is about; the pack says which field names its subject.'),
    run_id: NewRunId.optional().describe('Idempotency key: asking again with it starts nothing new.'),
    thread: NewId.optional().describe('Runs of one thread remember the latest of each other.'),
    as_of: IsoDate.optional().describe('Answer as of this day; the latest of the data when absent.'),
  })
  .meta({ id: 'RunRequest' });
export type RunRequest = z.infer<typeof RunRequest>;

const Usage = z.object({
  turns: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cache_read_tokens: z.int(),
  cache_write_tokens: z.int(),
});

const Failure = z.object({ code: z.string(), message: z.string() });

export const Report = z
  .object({
    agent: z.string(),
    version: z.string(),
    definition: z.string().describe('Digest of the definition that the invocation ran under.'),
    run: z.string(),
    path: z.string(),
    subject: z.string().nullable(),
    as_of: z.string(),
    outcome: z.enum(['completed', 'escalated', 'refused', 'failed', 'cancelled']),
    text: z.string(),
    data: z.json(),
    model: z.string().nullable(),
    usage: Usage,
    cost_usd: z.number().describe('What its own turns cost; 0 for a model without a price.'),
    waited_ms: z.int().describe('Milliseconds that people took to answer, in it and below it.'),
    events: z.array(z.object({ topic: z.string(), id: z.string() })),
    memories: z.array(z.string()),
    get children() {
      return z.array(Report);
    },
    error: Failure.nullable(),
  })
  .meta({ id: 'Report' });

export const RunView = z
  .object({
    run: z.string(),
    tenant: z.string(),
    agent: z.string(),
    subject: z.string().nullable(),
    as_of: z.string(),
    state: z
      .enum(['accepted', 'running', 'waiting', 'completed', 'escalated', 'refused', 'failed', 'cancelled'])
      .describe('`waiting`: a person is asked; the last five are final.'),
    report: Report.nullable().describe('The consolidated report; null until the run has ended.'),
    waiting: z.object({ rule: z.string(), reason: z.string() }).nullable(),
    tasks: z.array(HumanTaskView).describe('Open questions to people; one is left to a failed run that may go on.'),
    error: Failure.nullable(),
    correlation_id: z.string(),
  })
  .meta({ id: 'RunView' });
export type RunView = z.infer<typeof RunView>;

export const RunQuery = z.strictObject({ run: Id }).meta({ id: 'RunQuery' });

export const StartRequest = z
  .strictObject({
    target: Id.optional().describe('One target.'),
    targets: z.array(Id).min(1).max(10_000).optional().describe('A list of targets.'),
    all: z.literal(true).optional().describe('Every target that the data lists.'),
    batch: NewBatchId.optional().describe('Idempotency key: asking again with it starts nothing new.'),
    as_of: IsoDate.optional(),
  })
  .refine(({ target, targets, all }) => [target, targets, all].filter((each) => each !== undefined).length === 1, {
    message: 'name one of target, targets or all',
  })
  .meta({ id: 'StartRequest' });
export type StartRequest = z.infer<typeof StartRequest>;

export const StartAnswer = z
  .object({
    batch: z.string().nullable().describe('Null when nothing was accepted.'),
    schedule: z.string(),
    as_of: z.string(),
    accepted: z.array(z.object({ target: z.string(), run: z.string() })),
    running: z
      .array(z.object({ target: z.string(), run: z.string() }))
      .describe('Already being worked on, by this run.'),
    unknown: z.array(z.string()).describe('The data has no such target.'),
    more: z
      .object({ accepted: z.int(), running: z.int(), unknown: z.int() })
      .optional()
      .describe('How many each list leaves out for want of room; the batch tells its runs. Absent when all are told.'),
  })
  .meta({ id: 'StartAnswer' });
export type StartAnswer = z.infer<typeof StartAnswer>;

export const BatchQuery = z
  .strictObject({
    batch: Id,
    from: z.int().min(0).optional().describe('How many runs to pass over: `next` of the answer before; 0 when absent.'),
  })
  .meta({ id: 'BatchQuery' });
export type BatchQuery = z.infer<typeof BatchQuery>;

export const BatchView = z
  .object({
    batch: z.string(),
    tenant: z.string(),
    schedule: z.string(),
    as_of: z.string(),
    state: z.enum(['accepted', 'running', 'waiting', 'completed', 'failed', 'cancelled']),
    runs: z
      .array(z.object({ target: z.string(), run: z.string(), state: RunView.shape.state }))
      .describe('In the order of the targets, from `from` on, as many as there is room for.'),
    next: z.int().optional().describe('There are more runs: ask again with this as `from`. Absent at the end.'),
    outcomes: z.record(z.string(), z.int()).describe('How many runs of the whole batch are in each state.'),
  })
  .meta({ id: 'BatchView' });
export type BatchView = z.infer<typeof BatchView>;

const Happening = z.object({
  type: z.string().describe('The machine event, such as `model.replied`; new ones may come.'),
  worker: z.string().optional(),
  ordinal: z.int().optional().describe('Which step: model turns and calls of the invocation, counted in order.'),
  model: z.string().optional(),
  usage: Usage.omit({ turns: true }).optional(),
  calls: z
    .array(
      z.object({
        ordinal: z.int(),
        name: z.string(),
        kind: z.string(),
        refused: z.string().nullable().describe('Why the call was refused.'),
        path: z.string().optional().describe('Where a delegation runs.'),
      }),
    )
    .optional(),
  ok: z.boolean().optional(),
  event: z.object({ topic: z.string(), id: z.string() }).optional(),
  path: z.string().optional().describe('The child that reported.'),
  child: z.string().optional().describe('The run of a batch that reported.'),
  outcome: z.string().optional(),
  rule: z.string().optional(),
  reason: z.string().optional(),
  task: z.string().optional().describe('The question to a person.'),
  answer: z.string().optional().describe('What a person decided.'),
  by: z.string().optional().describe('The person who decided, cancelled or had it go on.'),
  text: z.string().optional().describe('The text of the report.'),
  error: Failure.optional(),
});

/** One journal entry of a run, as it is published. */
export const RunEvent = z
  .object({
    seq: z.int().describe('Position in the run; also the id of the server-sent event.'),
    at: z.string().describe('ISO time.'),
    run: z.string(),
    path: z.string().describe('Which invocation of the run: `0` is the root, `0-1` its first delegation.'),
    agent: z.string(),
    subject: z.string().nullable(),
    state: z.string().describe('The state that the entry led to.'),
    events: z.array(Happening),
  })
  .meta({ id: 'RunEvent' });
export type RunEvent = z.infer<typeof RunEvent>;

export const Readiness = z
  .object({
    ready: z.boolean(),
    checks: z.object({ journal: z.string(), memory: z.string() }).describe('`ok`, or what is wrong.'),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

/** The body of every refusal, at every door; `code` is one of docs/errors.md. */
export const Refusal = z.object({ error: Failure }).meta({ id: 'Refusal' });
