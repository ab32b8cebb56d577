import type { Recalled } from 'agent-platform/sdk';
import { inWords } from './calendar.ts';
import type { AccountLifecycle } from './facts.ts';
import { concessionIn } from './policy/concessions.ts';
import { givenAway, type Internals } from './policy/internals.ts';
import { unknownName, withoutOwnNames } from './policy/names.ts';
import { capital, oneLine, words } from 'agent-platform/text';

/** Commercial terms never reach a briefing, not even as a quotation from memory. */
const COMMERCIAL =
  /discount|concession|rebate|credit|coupon|free of charge|\bfree\b|pric(e|ing)|\boff\b|payment terms?/i;
const QUOTED_WORDS = 24;
const CLAUSE_END = /(?<!\b(?:Dr|Mr|Ms|Mrs))[.!?;]+(?:\s|$)/;

/** The latest assessment that memory holds, of any age; of two from one day the graver counts. */
export function lastAssessment(memories: readonly Recalled[]): (Recalled & { assessment: string }) | null {
  const assessed = memories.filter(isAssessment);
  assessed.sort((a, b) => b.date.localeCompare(a.date) || gravity(b.assessment) - gravity(a.assessment));
  return assessed[0] ?? null;
}

export function isAssessment(memory: Recalled): memory is Recalled & { assessment: string } {
  return memory.assessment !== undefined && (memory.kind === undefined || memory.kind === 'assessment');
}

/** `from watch`, `unchanged` or `first assessment`. */
export function changeSince(previous: string | null, now: string): string {
  if (previous === null) return 'first assessment';
  return previous === now ? 'unchanged' : `from ${previous}`;
}

/** 2 = urgent intervention, 1 = watch, 0 = anything else. */
export function gravity(assessment: string): number {
  return assessment === 'urgent_intervention' ? 2 : assessment === 'watch' ? 1 : 0;
}

/** The deepest earlier dip that ended without anybody doing something. */
export function deepestSelfResolved(memories: readonly Recalled[]): (Recalled & { dip_percent: number }) | null {
  const dips = memories.filter(
    (m): m is Recalled & { dip_percent: number } => m.resolved_by === 'self' && m.dip_percent !== undefined,
  );
  return dips.sort((a, b) => b.dip_percent - a.dip_percent || b.date.localeCompare(a.date))[0] ?? null;
}

/** The latest memory of an intervention that worked. */
export function workedBefore(memories: readonly Recalled[]): Recalled | null {
  return latest(memories.filter((m) => m.resolved_by === 'intervention'));
}

/** What an assessment cites, newest first: what the rules looked at, the latest outcome and quirk, else the best matches. */
export function citable(memories: readonly Recalled[]): Recalled[] {
  const looked = [
    lastAssessment(memories),
    deepestSelfResolved(memories),
    workedBefore(memories),
    latest(memories.filter((m) => m.kind === 'outcome')),
    latest(memories.filter((m) => m.kind === 'quirk')),
  ].filter((memory) => memory !== null);
  const cited = looked.length > 0 ? looked : [...memories].sort((a, b) => b.score - a.score).slice(0, 3);
  return [...new Map(cited.map((memory) => [memory.id, memory])).values()].sort((a, b) => b.date.localeCompare(a.date));
}

/**
 * A memory as a sentence for people, with its age. What its fields say is told in our words; else its first clause is
 * quoted, unless it speaks of commercial terms or of people whom the account's data does not name.
 */
export function tellMemory(memory: Recalled, account: AccountLifecycle | null): string {
  const ago = `${inWords(memory.age_days)} ago`;
  if (isAssessment(memory)) {
    const dip = memory.dip_percent === undefined ? '' : ` (usage −${memory.dip_percent} %)`;
    const told = `${plain(memory.assessment)} ${ago}${dip}`;
    return memory.resolved_by === undefined ? `Assessed as ${told}.` : `${capital(told)} ${ENDED[memory.resolved_by]}.`;
  }
  const quoted = withoutInternals(memory.text, account).split(CLAUSE_END)[0] ?? '';
  if (isQuotable(quoted, account)) return `${quoted} (${ago}).`;
  const what = memory.dip_percent === undefined ? NOTES[memory.kind ?? 'note'] : `A ${memory.dip_percent} % usage dip`;
  return memory.resolved_by === undefined
    ? `${what} of ${ago} is on record.`
    : `${what} ${ago} ${ENDED[memory.resolved_by]}.`;
}

function isQuotable(text: string, lifecycle: AccountLifecycle | null): boolean {
  if (text === '' || words(text).length > QUOTED_WORDS || COMMERCIAL.test(text)) return false;
  const known = { metrics: null, lifecycle, memories: null };
  return concessionIn(withoutOwnNames(text, known)) === null && unknownName(text, known) === null;
}

const ENDED = { self: 'resolved by itself', intervention: 'was resolved by an intervention' } as const;

const NOTES = {
  note: 'A note',
  assessment: 'An assessment',
  intervention: 'An intervention',
  outcome: 'An outcome',
  quirk: 'A quirk',
} as const;

/** `urgent_intervention` → `urgent intervention`. */
export function plain(assessment: string): string {
  return assessment.replaceAll('_', ' ');
}

/** A recorded text without the account's id and the owner's channel, which people outside must not see. */
export function withoutInternals(text: string, account: Internals | null): string {
  const line = oneLine(text);
  if (account === null) return line;
  const { account_id: id, account_name: name, owner_channel: channel } = account;
  let out = channel === '' ? line : line.replaceAll(channel, "the owner's channel");
  // An id that is itself a word of the name gives nothing away, and replacing it would garble the name.
  if (id.trim() !== '' && !token(id).test(name ?? '')) out = out.replace(token(id, 'g'), () => name ?? 'the account');
  return givenAway(out, account) === null ? out : 'A text that is not shown, as it names what is internal.';
}

function token(word: string, flags = ''): RegExp {
  return new RegExp(`(?<![\\w-])${word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`, flags);
}

function latest<M extends Recalled>(memories: readonly M[]): M | null {
  return [...memories].sort((a, b) => b.date.localeCompare(a.date))[0] ?? null;
}
