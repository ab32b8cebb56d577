import type { CheckView, Warning } from '../../pack.ts';
import { stringsIn } from './plain-text.ts';

/** One text of a call or a report, and where in it. */
export interface Text {
  where: string;
  text: string;
}

/** The keys that lead to a text inside a report's data or a call's input. */
export type TextPath = readonly string[];

/**
 * Texts of what is judged, as its readers get them: those of a report, its data included, else those of the call. `reads` says
 * which texts inside of data people read.
 */
export function textsOf(
  { call, report }: Pick<CheckView, 'call' | 'report'>,
  reads: (path: TextPath, call: string | null) => boolean = () => true,
): Text[] {
  const within = (value: Parameters<typeof stringsIn>[0], name: string | null, above: TextPath): Text[] =>
    stringsIn(value)
      .filter(({ path }) => reads(path, name))
      .map(({ path, text }) => ({ where: [...above, ...path].join('.'), text }));
  if (report === null) return within(call?.input, call?.name ?? null, []);
  return [{ where: 'text', text: report.text }, ...within(report.data, null, ['data'])];
}

/** The first text in which something is found, with what: `talking_points.0: …`. */
export function firstIn(texts: readonly Text[], find: (text: Text) => string | null): string | null {
  for (const each of texts) {
    const found = find(each);
    if (found !== null) return `${each.where}: ${found}`;
  }
  return null;
}

/** What is looked for in texts. `refuses`: what is found refuses; else it is a warning, for a rule that only guesses. */
export interface TextRule {
  find(text: Text): string | null;
  refuses: boolean;
}

/** What a check of these rules returns: the first refusal, else the first warning, else null. */
export function checkTexts(texts: readonly Text[], rules: readonly TextRule[]): string | Warning | null {
  const first = (refuses: boolean): string | null =>
    rules
      .filter((rule) => rule.refuses === refuses)
      .map((rule) => firstIn(texts, (text) => rule.find(text)))
      .find((found) => found !== null) ?? null;
  const refusal = first(true);
  if (refusal !== null) return refusal;
  const warning = first(false);
  return warning === null ? null : { warning };
}
