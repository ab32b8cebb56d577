import type { JsonObject } from 'agent-platform/sdk';
import { differs, quotes, wrongLines } from 'agent-platform/text';
import { changeSince, lastAssessment, withoutInternals } from '../history.ts';
import { type Known, object, readFacts, type View } from '../known.ts';
import type { Playbook } from '../playbook.ts';
import { declining, judgeSignals } from '../signals.ts';

/** What a report repeats of the facts is what they say: days to the renewal, signals, the last assessment, cited texts. Pure. */
export function figuresHold(view: View, playbook: Playbook): string | null {
  const data = object(view.report?.data);
  if (data === null) return null;
  const known = readFacts(view.facts);
  const days = known.lifecycle?.renewal_days ?? null;
  if (data.renewal_days !== days) return differs('renewal_days', days, data.renewal_days);
  return data.assessment === undefined ? null : historyHolds(data, known, playbook);
}

function historyHolds(data: JsonObject, { metrics, lifecycle, memories }: Known, playbook: Playbook): string | null {
  const signals = metrics === null ? [] : judgeSignals(metrics, playbook);
  const uncovered = signals.filter(({ direction }) => direction === 'no_data');
  const previous = lastAssessment(memories ?? [])?.assessment ?? null;
  const changed = changeSince(previous, String(data.assessment));
  if (data.previous !== previous) return differs('previous', previous, data.previous);
  if (data.changed !== changed) return differs('changed', changed, data.changed);
  const lines =
    wrongLines(data.signals, declining(signals), 'declining') ?? wrongLines(data.no_data, uncovered, 'without data');
  if (lines !== null) return lines;
  for (const cited of Array.isArray(data.cited) ? data.cited.map(object) : []) {
    const memory = memories?.find(({ id }) => id === cited?.id);
    if (memory !== undefined && !quotes(cited?.text, [memory.text, withoutInternals(memory.text, lifecycle)])) {
      return `data.cited: the memory of ${memory.date} does not say that; quote it, whole or in part`;
    }
  }
  return null;
}
