import { sentenceIn } from 'agent-platform/text';

/**
 * Words that say how likely it is that an account renews or leaves. A check of words, in English: it finds what is said in
 * the usual ways, not every paraphrase («their days are numbered» passes), and it reads no negation. What risk analysis is
 * asked to find out («assess how likely …») is no forecast, as long as it names no figure.
 */
const OUTCOME = String.raw`(?:churn\w*|renew(?!able)\w*|non-?renewal|attrition|retain\w*|retention|cancel\w*|leav(?:e|es|ing)|los(?:e|es|ing|s)|walk away|lapse\w*|defect\w*|stay(?:s|ing)?)`;
const GUESS = String.raw`(?:likely|unlikely|likelihood|likeliest|probab\w+|improbab\w+|chances?|odds|forecast\w*|predict\w*|prognos\w+|expect(?:s|ed|ation|ations)?|anticipat\w+|foresee\w*|doubtful|inevitabl\w+|certainly|surely|bet|(?<!\ba )risk of)`;
const MODAL = String.raw`(?:will|won't|'ll|shall|may|might|could|would|should|(?:is|are|looks?|seems?|appears?) (?:going|set|bound|about|sure|certain|expected|poised|headed|unlikely|likely) to|going to|set to|bound to|about to|threatens? to)`;
const TARGET = String.raw`(?:churn|renew|leave|cancel|lapse|defect|walk away|stay|be lost|be retained|not renew|quit|(?:re-?)?sign (?:again|on again|with us)|re-?sign|lose (?:them|it|(?:the|this|that) (?:account|customer|one))|go elsewhere|switch (?:away|vendors?))`;
const STATE = String.raw`(?:safe|secure|secured|likely|unlikely|doubtful|in doubt|in danger|in jeopardy|in question|at risk|jeopardi[sz]ed|endangered|certain|uncertain|on track|a given|assured|guaranteed|threatened|shaky|lost)`;

const PATTERNS: RegExp[] = [
  new RegExp(String.raw`\b${GUESS}\b[^.;!?]{0,200}\b${OUTCOME}\b`),
  new RegExp(String.raw`\b${OUTCOME}\b[^.;!?]{0,200}\b${GUESS}\b`),
  new RegExp(String.raw`(?:\b|')${MODAL} (?:\w+ ){0,2}?${TARGET}\b`),
  new RegExp(
    String.raw`\b(?:renewal|retention|account|customer|contract) (?:\w+ )?(?:is|are|looks?|seems?|appears?|remains?) (?:\w+ ){0,2}?${STATE}\b`,
  ),
  /\b(?:high|low|medium|moderate|elevated|significant|serious|severe|real|great|growing|rising|considerable|minimal|little|no) (?:\w+ )?(?:churn|renewal|attrition|retention) (?:risk|probability|danger|threat)\b/,
  /\b(?:churn|renewal|attrition|retention) (?:risk|probability|danger|outlook|chance) (?:is|are|looks?|seems?|at|of|:|=)\b|\b(?:churn|renewal) (?:probability|odds|outlook|score)\b/,
  /\b(?:renewal|retention|churn) (?:confidence|health|prospects?|sentiment|forecast)\b|\b(?:renewal|retention) (?:is|looks?|seems?|appears?) (?:\w+ )?(?:grim|bleak|dim|poor|dire|weak|strong|rosy|promising|good|bad)\b|\bcoin[- ](?:flip|toss)\b/,
  /\bat risk of \w+|\b(?:jeopardi[sz]|endanger|threaten)\w* (?:the |its |their )?renewal\b|\b(?:renewal|renewing) (?:is )?(?:at risk|in danger|in jeopardy)\b/,
  /\d\s?(?:%|percent|per cent)\s(?:chance|probab\w+|likel\w+|risk|certain\w*|odds)\b|\b(?:chance|probability|likelihood|risk) of \d/,
];
const ASKS =
  /^(?:please )?(?:assess|analy[sz]e|determine|evaluate|decide|judge|estimate|weigh|tell|say|find out|consider|check|look into)\b|\b(?:whether|how likely|how probable)\b/;

/** The first sentence that forecasts; null when none does. `asked`: the text asks another agent. */
export function forecastIn(text: string, asked: boolean): string | null {
  return sentenceIn(text, (reading) => {
    const asks = asked && ASKS.test(reading) && !/\d\s?(?:%|percent|per cent)/.test(reading);
    return !asks && PATTERNS.some((pattern) => pattern.test(reading));
  });
}
