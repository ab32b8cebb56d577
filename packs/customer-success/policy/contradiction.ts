import type { Assessment } from '../facts.ts';
import { sentenceIn } from 'agent-platform/text';

/**
 * Sentences that state an assessment: «no action is needed», «the account is stable», «assessed as watch». Precise phrases
 * only: what is told of an earlier time, denied or asked states nothing, and paraphrases («all is well») are not found.
 * Names of the account's data are `◇` in what is read here.
 */
const SUBJECT = String.raw`(?:\b(?:account|customer)|◇)`;
const SAYS = String.raw`\b(?:assess(?:ed|ment)|verdict|rat(?:ed|ing)|classif(?:ied|ication)|judged|recommendation)(?: (?:is|remains|stays))?(?: as)?:? (?:an? )?`;

const STATED: Record<Assessment, RegExp> = {
  stable: new RegExp(
    [
      String.raw`${SAYS}(?:stable|no action)\b`,
      String.raw`${SUBJECT} (?:is|looks|remains|stays|seems) (?:\w+ )?stable\b`,
      String.raw`\bno[- ]action\b(?! (?:plans?|items?|points?|was|were|had|has|taken))`,
      String.raw`\b(?:do|needs?) nothing\b|\bnothing (?:needs )?to (?:be done|do)\b(?! with)`,
    ].join('|'),
  ),
  watch: new RegExp(
    [String.raw`${SAYS}watch\b`, String.raw`${SUBJECT} (?:is|remains|stays|goes) (?:\w+ )?on watch\b`].join('|'),
  ),
  urgent_intervention: new RegExp(
    [
      String.raw`${SAYS}urgent\b`,
      String.raw`\b(?:needs?|requires?|calls? for|warrants?|recommend\w*) (?:an )?(?:urgent|immediate) intervention\b`,
    ].join('|'),
  ),
};
/** A sentence that is an assessment: «◇ : watch (unchanged)», «Stable.», «Urgent intervention: call today». */
const OPENS =
  /^\W*◇\W{1,3}(stable|watch|urgent intervention)(?=\s*(?:[.,:;(!]|$))|^\W*(stable|watch|urgent intervention)(?=\s*(?:[.!]|$))|^\W*(stable|urgent intervention)(?=\s*:)/;
const EARLIER = /\b(?:ago|was|were)\b/;
const NOT_STATED =
  /\b(?:ago|was|were|had|been|last assessment|previous(?:ly)?|earlier|formerly|from|not|never|cannot|instead|rather than|whether|if|unless|until)\b|n't\b|\bno (?:option|choice)\b|(?<!\bas )\b(?:on|of) \d{4}-\d\d-\d\d/;

/** The first sentence that states another assessment than this one; null when none does. */
export function otherAssessmentIn(text: string, own: Assessment): string | null {
  const found = sentenceIn(text, (said) => statedIn(said).some((one) => one !== own));
  return found === null ? null : `${found} states another assessment than ${own}`;
}

function statedIn(said: string): Assessment[] {
  const opening = EARLIER.test(said) ? null : OPENS.exec(said);
  const opens = (opening?.[1] ?? opening?.[2] ?? opening?.[3])?.replace(' ', '_');
  const all = Object.entries(STATED) as [Assessment, RegExp][];
  return all.flatMap(([one, pattern]) =>
    one === opens || (!NOT_STATED.test(said) && pattern.test(said)) ? [one] : [],
  );
}
