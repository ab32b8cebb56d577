/** What doors take and answer about questions to people, and about cancels. The published documents come from these. */
import { z } from 'zod';
import { TASK_FILTERS, TASK_STATES } from './run-states.ts';
import { Id, Name, NewId, NO_BLANKS, Text } from './fields.ts';

/** `<run>.<path>.<n>`: a run id, a path and a number. */
const TaskId = z
  .string()
  .min(1)
  .max(600)
  .describe('`<run>.<path>.<n>`: the n-th question of that invocation of the run.');

export const ANSWERS = ['approve', 'edit', 'reject', 'ask_again'] as const;

const DecisionView = z.object({
  id: z
    .string()
    .describe('A digest of all that was said; after a dot behind the caller’s own `decision_id`, if it gave one.'),
  answer: z.enum(ANSWERS),
  by: z.string(),
  role: z.string().nullable(),
  note: z.string(),
  at: z.string().describe('ISO time at which the door took it.'),
});

const task = {
  task: TaskId,
  state: z
    .enum(TASK_STATES)
    .describe('`expired`: nobody decided in time; `closed`: its run ended or went on otherwise, and nobody is asked.'),
  kind: z
    .enum(['approval', 'breach', 'budget', 'quarantine', 'model'])
    .describe(
      '`breach`: a rule is broken that no approval lifts; `quarantine`: the invocation has failed; `model`: the model ' +
        'refused the request.',
    ),
  run: z.string(),
  tenant: z.string(),
  path: z.string().describe('Which invocation of the run asks.'),
  agent: z.string(),
  subject: z.string().nullable(),
  rules: z.array(z.string()).describe('All rules that ask.'),
  question: z.string(),
  decides: z
    .object({ name: z.string().nullable(), role: z.string() })
    .describe('Who may decide: the person of that name, and everyone with that role.'),
  opened: z.string().describe('ISO time.'),
  due: z.string().nullable().describe('ISO time; null when it never expires.'),
  on_expiry: z.enum(['refuse', 'approve', 'escalate']).describe('What happens when nobody decides in time.'),
  decision: DecisionView.nullable().describe('The decision that counts.'),
};

export const HumanTaskView = z.object(task).meta({ id: 'HumanTaskView' });
export type HumanTaskView = z.infer<typeof HumanTaskView>;

const VerdictView = z.object({ rule: z.string(), ok: z.boolean(), reason: z.string() });

export const HumanTaskDetail = z
  .object({
    ...task,
    as_of: z.string(),
    definition: z.string().describe('Digest of the definition that asks.'),
    answers: z.array(z.enum(ANSWERS)).describe('What may be answered; empty when it is not open.'),
    wants: z
      .object({
        calls: z.array(
          z.object({
            ordinal: z.int().describe('Names the call in an edit.'),
            name: z.string(),
            kind: z.string(),
            input: z.json(),
            refused: z.string().nullable().describe('Why it would not be made as it stands.'),
          }),
        ),
        report: z.object({ text: z.string(), data: z.json() }).nullable(),
      })
      .describe('What the agent wants to do: nothing of it has taken effect.'),
    evidence: z.object({
      facts: z.record(z.string(), z.json()).describe('Tool → its latest result about the subject.'),
      verdicts: z.array(VerdictView).describe('The rules that ask, refuse or stand in the way.'),
      memories: z
        .array(z.json())
        .describe('Recalled memories that what the agent wants to do cites; all of them when it cites none.'),
    }),
    error: z.object({ code: z.string(), message: z.string() }).nullable().describe('Why the invocation has failed.'),
    refused: z
      .array(z.object({ decision: DecisionView, reasons: z.array(z.string()) }))
      .describe('Decisions that did not count, with the reasons.'),
    earlier: z.array(HumanTaskView).describe('Other questions of the same run, oldest first.'),
  })
  .meta({ id: 'HumanTaskDetail' });
export type HumanTaskDetail = z.infer<typeof HumanTaskDetail>;

export const HumanListQuery = z
  .strictObject({
    state: z.enum(TASK_FILTERS).optional().describe('`open` when absent.'),
    limit: z.int().min(1).max(1000).optional().describe('At most so many; 100 when absent.'),
  })
  .meta({ id: 'HumanListQuery' });
export type HumanListQuery = z.infer<typeof HumanListQuery>;

export const HumanTaskList = z.object({ tasks: z.array(HumanTaskView) }).meta({ id: 'HumanTaskList' });

export const HumanTaskQuery = z.strictObject({ task: TaskId }).meta({ id: 'HumanTaskQuery' });

export const Edits = z
  .strictObject({
    calls: z
      .array(z.strictObject({ ordinal: z.int().min(1), input: z.json() }))
      .min(1)
      .max(100)
      .optional()
      .describe('New inputs of held calls.'),
    report: z
      .strictObject({ text: z.string().max(50_000), data: z.json() })
      .optional()
      .describe('The report in place of the held one.'),
  })
  .describe('What is put in place of what the agent wants to do; it is checked by all rules again.');
export type Edits = z.infer<typeof Edits>;

const decide = {
  answer: z
    .enum(ANSWERS)
    .describe('`reject` and `ask_again` need a note: the reason, and what is to be looked at. `edit` needs edits.'),
  by: Name.describe('Who decides; the platform takes the caller’s word for it.'),
  role: Name.optional().describe('As what.'),
  note: Text.optional(),
  edits: Edits.optional(),
  decision_id: NewId.optional().describe(
    'The caller’s own id, kept in the journal. The same decision again decides nothing twice, with or without one; ' +
      'anything else under the same id is another decision.',
  ),
};

interface Said {
  answer: (typeof ANSWERS)[number];
  note?: string | undefined;
  edits?: z.infer<typeof Edits> | undefined;
}

/** What a decision lacks, in words; null when it is whole. */
export function lacking({ answer, note = '', edits }: Said): string | null {
  if ((answer === 'reject' || answer === 'ask_again') && note.trim() === '') return `${answer} needs a note`;
  if (answer === 'edit') return edits?.calls || edits?.report ? null : 'edit needs edits: calls, report or both';
  return edits === undefined ? null : `only the answer edit takes edits, got ${answer}`;
}

function whole(said: Said, context: z.RefinementCtx): void {
  const message = lacking(said);
  if (message !== null) context.addIssue({ code: 'custom', path: [], message, params: { worded: true } });
}

export const HumanDecision = z.strictObject(decide).superRefine(whole).meta({ id: 'HumanDecisionRequest' });
export type HumanDecision = z.infer<typeof HumanDecision>;

export const HumanDecideRequest = z
  .strictObject({ task: TaskId, ...decide })
  .superRefine(whole)
  .meta({ id: 'HumanDecideRequest' });
export type HumanDecideRequest = z.infer<typeof HumanDecideRequest>;

const cancel = {
  by: Name.describe('Who cancels.'),
  reason: Text.regex(/\S/, NO_BLANKS).describe('Why, for whoever reads the journal; not only blanks.'),
};

export const Cancel = z.strictObject(cancel).meta({ id: 'CancelRequest' });
export type Cancel = z.infer<typeof Cancel>;

export const RunCancelRequest = z.strictObject({ run: Id, ...cancel }).meta({ id: 'RunCancelRequest' });
export type RunCancelRequest = z.infer<typeof RunCancelRequest>;

export const CancelAnswer = z
  .object({
    run: z.string(),
    tenant: z.string(),
    state: z
      .enum(['cancelled', 'cancelling'])
      .describe('`cancelled`: the whole tree is final, nothing of it takes effect any more.'),
    by: z.string().nullable().describe('Who cancelled it first; null until it is known.'),
    reason: z.string().nullable(),
    ending: z.array(z.string()).describe('What is not known to be final yet: `<run> <path> <state>`.'),
    more: z.int().optional().describe('How many `ending` leaves out for want of room. Absent when all are told.'),
  })
  .meta({ id: 'CancelAnswer' });
export type CancelAnswer = z.infer<typeof CancelAnswer>;
