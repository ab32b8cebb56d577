/**
 * What every pack checks in texts for people, as `agent-platform/text`: a text as its reader takes it in, internal ids and
 * channels, names, sections and word limits, figures that must match facts, links and HTML. It knows no trade: words and
 * thresholds are the pack's. All of it is pure.
 */
export { differs, type Figure, namesWindow, quotes, wrongLine, wrongLines } from './figures.ts';
export { channelIn, givenAway, type InternalChannel, type InternalId } from './internals.ts';
export { foreignLinkIn, htmlIn, linksIn } from './markup.ts';
export { type KnownNames, unknownName } from './names.ts';
export { type OwnNames, withoutNames } from './own-names.ts';
export { excerpt, folded, readings, sentenceIn, sentencesOf, stringsIn, unmarked } from './plain-text.ts';
export { type Form, formProblem } from './sections.ts';
export { checkTexts, firstIn, type Text, type TextPath, type TextRule, textsOf } from './texts.ts';
export { bullets, capital, count, countWords, fit, oneLine, sentence, words } from './wording.ts';
