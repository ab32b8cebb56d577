import { sentenceIn } from 'agent-platform/text';

/**
 * Words that offer, or raise as an idea, what only the customer-success manager may decide: discounts, price cuts, credits,
 * gifts, and changes of term or payment. English only. A sentence is refused whatever it says about them («no discount»
 * too): a text that does not speak of terms cannot be read as an offer. Paraphrases («make it worth their while») pass.
 */
const PRICE = String.raw`(?:prices?|pricing|fees?|invoices?|bills?|subscription (?:fee|price|cost)|licen[cs]e (?:fee|cost|price)|list price|rates? card|mrr|monthly (?:fee|rate|cost|price)|costs? per seat|seat (?:price|cost))`;
const CUT = String.raw`(?:cut|cuts|cutting|lower|lowers|lowered|lowering|reduc\w+|drop|drops|dropping|slash\w*|freez\w+|froze|lock\w*|match\w*|waiv\w+|hold|cap|halv\w+|discount\w*|renegotiat\w+|adjust\w*|rework\w*|revis\w+|soften\w*|sweeten\w*|less|cheaper|better|special|preferential|promotional|favou?rable|flexible|introductory|reduced|free|no)`;
const TERMS = String.raw`(?:contract(?:s|ual)?|agreement|commitment|renewal|subscription|payment|billing|notice period|(?:contract|renewal|payment|billing|commercial|contractual) terms?|term length|term)`;
const CHANGE = String.raw`(?:exten(?:d|ds|ding|sion)|shorten\w*|lengthen\w*|prolong\w*|renegotiat\w+|amend\w*|pause|pausing|suspend\w*|defer\w*|postpon\w+|stagger\w*)`;

const PATTERNS: RegExp[] = [
  /(?<![a-z])dis-?\s?counts?(?:ed|ing)?(?![a-z])/,
  /\b(?:concessions?|rebates?|coupons?|vouchers?|refunds?|refunded|cash-?back|giveaways?|freebies?)\b/,
  /\b(?:an?|the|any|some|no|more|service|account|billing|usage|partial|goodwill|one-?time|\d+) credit\b|\bcredits\b|\b(?:as|in) credit\b|\bcredit (?:notes?|memos?|them|their|back|toward|against|on)\b/,
  /\d\s?(?:%|percent|per cent|pct|dollars|euros)\s?off\b|\$\s?\d[\d,.]*\s?off\b|\b(?:half|money|something|a bit) off\b|\boff the (?:price|list price|bill|invoice|renewal)\b/,
  /\bfree (?:of charge|months?|weeks?|years?|seats?|licen[cs]es?|upgrades?|trials?|periods?|add-?ons?|training|onboarding|users?|plan|tier|extension)\b|\bfor free\b|\b(?:months?|weeks?|seats?|years?|quarters?|upgrades?) free\b/,
  /\b(?:at )?(?:no|zero) (?:extra |additional |added )?(?:cost|charge)\b|\bfree-of-charge\b|\bcomplimentary\b|\bon (?:the house|us)\b(?=[.,;!]|$)|\bwaive\w*\b|\bgoodwill (?:gesture|payment|offer)\b/,
  /\bcheaper\b|\d\s?(?:%|percent|per cent|pct) savings?\b|\bsav(?:e|es|ing) (?:them|the (?:customer|account|team)) (?:up to )?\$?\s?\d[\d.,]*(?!\s?(?:hours?|minutes?|days?|steps?|clicks?))\b/,
  /\bwithout (?:paying|payment|charge|charging|being (?:charged|billed))\b|\bskip\w* (?:\w+ ){0,2}(?:invoices?|payments?|bills?)\b|\bgratis\b|\bpro bono\b/,
  /\bthrow(?:s|ing)? in\b|\bmatch\w* (?:[\w'-]+ ){0,3}(?:quotes?|offers?|bids?)\b|\bsweeten\w*\b|\b(?:better|sweeter|special) deal\b|\bcomp (?:them|the|a|an|their)\b/,
  /\b(?:special|preferential|promotional|introductory|reduced|founders?) rates?\b|\bat (?:(?:their|the|its|your) )?(?:current|old|same|existing|present) (?:price|rate|fee)s?\b/,
  new RegExp(String.raw`\b${PRICE} (?:\w+ )?down\b|\b(?:extend|prolong|lengthen)\w* (?:[\w'-]+ ){0,2}trials?\b`),
  new RegExp(String.raw`\b${CUT} (?:[\w'$%.,-]+ ){0,3}${PRICE}\b`),
  new RegExp(
    String.raw`\b${PRICE} (?:\w+ )?(?:cuts?|reductions?|breaks?|freezes?|locks?|match(?:es|ing)?|relief|holidays?|decreases?|concessions?|adjustments?|waivers?|caps?)\b`,
  ),
  new RegExp(String.raw`\b${CHANGE} (?:[\w'-]+ ){0,3}${TERMS}\b`),
  new RegExp(String.raw`\b${TERMS} (?:extensions?|renegotiations?|amendments?|holidays?|deferrals?|pauses?|breaks?)\b`),
  /\b(?:chang\w+|adjust\w*|revis\w+|modif\w+|loosen\w*|relax\w*|rework\w*|flexible|flexibility (?:on|in|with|around)|better|special|favou?rable|preferential|improved|new|softer|easier|longer|shorter) (?:[\w'-]+ ){0,2}(?:(?:contract|contractual|payment|renewal|billing|commercial) terms?|terms of (?:the|its|their|payment)|terms and conditions|payment schedule|billing cycle|contract length|notice period|commitment|contract)\b/,
  /\b(?:contract|renewal|payment|commercial|billing) terms? (?:could|can|may|might|should|would|to) (?:be )?(?:chang\w+|adjust\w*|revis\w+|relax\w*|extend\w*|shorten\w*|improv\w*)\b/,
  /\b(?:better|special|favou?rable|preferential|flexible|easier|net[- ]?\d+) terms\b|\bnet[- ]\d{2}\b|\b(?:longer|shorter|flexible|multi-?year|two-?year|three-?year|month-to-month|quarterly) (?:term|contract|deal|commitment|agreement|billing|payments?|plan|renewal)\b/,
  /\b(?:opt-?out|break|exit|early termination) clauses?\b|\b(?:early|loyalty|renewal|retention|special|exclusive) (?:renewal )?(?:offers?|incentives?|bonus(?:es)?|deals?)\b|\bdowngrade (?:option|offer|them|the account)\b|\bcheaper (?:plan|tier|package|option)\b/,
];

/** The first sentence that speaks of a commercial concession; null when none does. */
export function concessionIn(text: string): string | null {
  return sentenceIn(text, (reading) => PATTERNS.some((pattern) => pattern.test(reading)));
}
