import { ROW_SOURCES } from '../schedules/declared-row.ts';
import { RECALL_MEMORY } from '../tools/builtin.ts';
import { countAt, textAt, textsAt } from './located.ts';
import type { Finding } from './resolved.ts';
import { reportShape, resultShapes, wrongField } from './result-shapes.ts';
import { agentsByName, type PackSource } from './source.ts';
import { didYouMean, oneOf, own, type Path, quote } from './words.ts';

/** Whether the values of a schedule's columns stand where `from` says, or the module has them. Pure. */
export function checkColumns(at: Path, source: PackSource, errors: Finding[]): void {
  const { yaml, code } = source;
  for (let index = 0; index < countAt(yaml, at); index += 1) {
    const from = [...at, index, 'from'];
    const one = textAt(yaml, from);
    const places = one === null ? textsAt(yaml, from) : [{ text: one, path: from }];
    if (places.length === 0 && code !== null && code.row === undefined) {
      const message = 'the module has no row(), expected from: and a place such as target or facts.<tool>.<field>';
      errors.push(yaml.finding([...at, index], message));
    }
    for (const { text, path } of places) {
      const wrong = wrongPart(text, source) ?? wrongFieldOf(text, source);
      if (wrong !== null) errors.push(yaml.finding(path, wrong));
    }
  }
}

/** The first part of a place that nothing is called by, in words; null when both parts are known. */
function wrongPart(place: string, source: PackSource): string | null {
  const [first = '', name] = place.split('.');
  if (!ROW_SOURCES.some((each) => each === first)) return unknown(first, ROW_SOURCES);
  const among = first === 'facts' ? factsOf(source) : first === 'reports' ? [...agentsByName(source).keys()] : null;
  return among === null || name === undefined || among.includes(name) ? null : unknown(name, among);
}

function unknown(got: string, among: readonly string[]): string {
  return `unknown ${quote(got)}, expected ${oneOf(among)}${didYouMean(got, among)}`;
}

/** A field that neither the tool's output nor the agent's report has. */
function wrongFieldOf(place: string, { code }: PackSource): string | null {
  const [first, name = '', ...fields] = place.split('.');
  if (first === 'facts') return wrongField(own(resultShapes(code), name) ?? {}, fields);
  return first === 'reports' ? wrongField(reportShape(code, name), fields) : null;
}

/** Null when the tools are not known, as the module could not be imported. */
function factsOf({ code }: PackSource): string[] | null {
  return code === null ? null : [...code.tools.map(({ name }) => name), RECALL_MEMORY];
}
