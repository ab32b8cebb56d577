import type { Recalled } from 'agent-platform/sdk';
import { daysBetween, inWords, renewalInWords } from './calendar.ts';
import type { Assessment, Signal } from './facts.ts';
import { changeSince, citable, deepestSelfResolved, gravity, lastAssessment, plain, workedBefore } from './history.ts';
import type { Playbook } from './playbook.ts';
import { capital, count } from 'agent-platform/text';

export interface Decision {
  assessment: Assessment;
  /** The rule that applied, then what speaks for or against it, in sentences for people. `cited` is told beside them. */
  reasons: string[];
  declining: Signal[];
  no_data: Signal[];
  /** The last assessment that memory holds, of any age. */
  previous: (Recalled & { assessment: string }) | null;
  /** `from watch`, `unchanged` or `first assessment`. */
  changed: string;
  /** What the decision rests on, newest first. */
  cited: Recalled[];
  /** How far usage fell, in percent, to one decimal; null when usage does not decline. */
  dip_percent: number | null;
}

/**
 * Risk analysis by the playbook. A renewal without a date counts as beyond every limit. Memories are what `recall_memory`
 * returned: all of them lie before the as-of date.
 */
export function assess(
  situation: { signals: readonly Signal[]; renewal_days: number | null; memories: readonly Recalled[]; as_of: string },
  playbook: Playbook,
): Decision {
  const { signals, renewal_days: renewal, memories } = situation;
  const declining = signals.filter((signal) => signal.direction === 'declining');
  const usage = declining.find((signal) => signal.metric === 'weekly_active_users');
  const dip = usage === undefined || usage.value === null ? null : dipPercent(usage.value);
  const previous = lastAssessment(memories);
  const { assessment, rule } = pick();
  return {
    assessment,
    reasons: [rule, ...patternReasons(), ...renewalReasons(), ...historyReasons()],
    declining,
    no_data: signals.filter((signal) => signal.direction === 'no_data'),
    previous,
    changed: changeSince(previous?.assessment ?? null, assessment),
    cited: citable(memories),
    dip_percent: dip,
  };

  function pick(): { assessment: Assessment; rule: string } {
    const { urgent_signals: needed, recent_assessment_days: recent } = playbook.risk;
    const found = `${count(declining.length, 'signal')} declin${declining.length === 1 ? 'es' : 'e'}`;
    if (declining.length >= needed) {
      const earlier = deepestSelfResolved(memories);
      if (beyond(renewal) && dip !== null && earlier !== null && earlier.dip_percent >= dip) {
        const rule =
          `${found}, but a dip at least as deep (${earlier.dip_percent} %, ${inWords(earlier.age_days)} ago) resolved by ` +
          `itself, and ${renewalInWords(renewal)}: watch instead of an intervention.`;
        return { assessment: 'watch', rule };
      }
      return { assessment: 'urgent_intervention', rule: `${found}; the playbook intervenes from ${needed} on.` };
    }
    if (declining.length > 0) return { assessment: 'watch', rule: `${found}; an intervention needs ${needed}.` };
    if (
      previous !== null &&
      gravity(previous.assessment) > 0 &&
      daysBetween(previous.date, situation.as_of) <= recent
    ) {
      const when = `${inWords(previous.age_days)} ago`;
      return {
        assessment: 'watch',
        rule: `No signal declines, but the last assessment (${when}) was ${plain(previous.assessment)}: it stays in view.`,
      };
    }
    return { assessment: 'stable', rule: 'No signal declines, and no recent assessment asks to keep it in view.' };
  }

  function beyond(days: number | null): boolean {
    return days === null || days > playbook.renewal.analysis_within_days;
  }

  function patternReasons(): string[] {
    const tickets = declining.some((signal) => signal.metric === 'escalated_tickets');
    if (assessment !== 'urgent_intervention' || usage === undefined || !tickets) return [];
    return ['Tickets and usage together suggest a problem, not seasonality.'];
  }

  function renewalReasons(): string[] {
    if (renewal === null) {
      return [`No renewal date is on record; it counts as beyond ${playbook.renewal.analysis_within_days} days.`];
    }
    if (usage !== undefined && renewal < playbook.renewal.urgent_within_days) {
      return [`Usage declines and ${renewalInWords(renewal)}: doing nothing is not an option.`];
    }
    if (!beyond(renewal) && declining.length > 0) {
      return [`Waiting costs more than usual: ${renewalInWords(renewal)}.`];
    }
    return [`${capital(renewalInWords(renewal))}${beyond(renewal) ? ': there is time' : ''}.`];
  }

  function historyReasons(): string[] {
    if (memories.length === 0) return ['Memory holds no history of this account.'];
    const told: string[] = [];
    const earlier = deepestSelfResolved(memories);
    if (dip !== null && earlier !== null && assessment === 'urgent_intervention') {
      const past = `${earlier.dip_percent} %, ${inWords(earlier.age_days)} ago`;
      told.push(
        dip > earlier.dip_percent
          ? `Usage is down ${dip} %, deeper than any dip that resolved by itself (${past}).`
          : `Usage recovered by itself from a dip as deep (${past}), but the renewal is too close to wait for it.`,
      );
    }
    const worked = workedBefore(memories);
    if (worked !== null && declining.length > 0) {
      told.push(`An intervention worked ${inWords(worked.age_days)} ago: the play is worth repeating.`);
    }
    return told;
  }
}

/** A change of −0.354 as a dip of 35.4 percent: rounded, so that the same dip measured twice compares as equal. */
export function dipPercent(change: number): number {
  return Math.round(-change * 1000) / 10;
}
