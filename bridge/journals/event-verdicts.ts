/** The verdicts that an event of a journal was decided by, each with what it was asked about. Pure. */
import { canonicalJson } from '../../runtime/canonical.ts';
import type { JournaledEvent, JudgedCall, Verdict } from '../../runtime/journal/entry.ts';

export interface EventVerdict extends Verdict {
  /** `admission`, `turn 2`, `emit_event (call 5)`, `decision RUN.0.1`, `emit_event (call 5) as edited`, `what was edited`. */
  about: string;
}

const AS_EDITED = ' as edited';
const EDITS = 'what was edited';

/** Whether it is about what a person put in place. */
export function isOfEdit({ about: what }: EventVerdict): boolean {
  return what === EDITS || what.endsWith(AS_EDITED);
}

/** `turn` is the number of the latest turn, `made` its calls by ordinal, as the model made them. */
export function verdictsOf(event: JournaledEvent, turn: number, made: ReadonlyMap<number, JudgedCall>): EventVerdict[] {
  switch (event.type) {
    case 'admitted':
    case 'refused':
      return about('admission', event.verdicts);
    case 'model.replied':
      return [...about(`turn ${turn}`, event.verdicts), ...event.calls.flatMap((call) => ofCall(call))];
    case 'human.decided': {
      const { decision, verdicts, calls } = event;
      // All others are about what an edit puts in place.
      const own = verdicts.filter(({ rule }) => rule.startsWith('human.') || rule.startsWith('code.'));
      return [
        ...about(`decision ${decision.task}`, own),
        ...editedCalls(calls, made).flatMap((call) => ofCall(call, AS_EDITED)),
        ...about(
          EDITS,
          verdicts.filter((each) => !own.includes(each)),
        ),
      ];
    }
    default:
      return [];
  }
}

/** The calls of a decision that are not as the model made them. */
export function editedCalls(calls: readonly JudgedCall[], made: ReadonlyMap<number, JudgedCall>): JudgedCall[] {
  return calls.filter(({ ordinal, input }) => {
    const held = made.get(ordinal);
    return held === undefined || canonicalJson(held.input) !== canonicalJson(input);
  });
}

/** One line for each thing that was allowed: `turn 2 allowed by turns.left, report.valid`. */
export function allowedLines(verdicts: readonly EventVerdict[]): string[] {
  const rules = new Map<string, string[]>();
  for (const { about: what, rule, ok, reason } of verdicts) {
    if (ok) rules.set(what, [...(rules.get(what) ?? []), reason === '' ? rule : `${rule} (${reason})`]);
  }
  return [...rules].map(([what, by]) => `${what} allowed by ${by.join(', ')}`);
}

function ofCall({ name, ordinal, verdicts }: JudgedCall, how = ''): EventVerdict[] {
  return about(`${name} (call ${ordinal})${how}`, verdicts);
}

function about(what: string, verdicts: readonly Verdict[]): EventVerdict[] {
  return verdicts.map(({ rule, ok, reason }) => ({ about: what, rule, ok, reason }));
}
