/** Decisions of policy for people: one block each, what did not allow first, with what was judged. Pure. */
import type { CodeId } from '../../../runtime/definitions/release.ts';
import type { PolicyDecision, RuleAnswer } from '../../views/policy-explain.ts';
import { wrap } from '../../terminal/lines.ts';
import { harmless, type Paint, spacedJson } from '../../terminal/terminal.ts';

const SHOWN_INPUT = 200;
const INDENT = '    ';

export function policyText(run: string, decisions: readonly PolicyDecision[], width: number, paint: Paint): string {
  const definitions = [...new Set(decisions.map(({ agent, definition }) => `${agent} ${definition.slice(0, 16)}`))];
  const codes = [...new Set(decisions.flatMap(({ code }) => (code ? [shownCode(code)] : [])))];
  const head = [
    paint.strong(harmless(run)),
    decisions.length === 1 ? '1 decision' : `${decisions.length} decisions`,
    ...definitions.filter((each) => !each.endsWith(' ')).map((each) => paint.faint(`definition of ${each}`)),
    ...codes.map((each) => paint.faint(`began with the code ${each}`)),
  ];
  return [head.join('\n'), ...decisions.map((each) => block(each, width, paint))].join('\n\n');
}

function block(decision: PolicyDecision, width: number, paint: Paint): string {
  const { seq, at, agent, path, about, what, outcome, rules, reason, input, judged_by, transition } = decision;
  const { event, from, to } = transition;
  const indented = (text: string): string[] => wrap(harmless(text), width - INDENT.length).map((line) => INDENT + line);
  const allowed = rules
    .filter(({ answer }) => answer === 'allowed')
    .map(({ rule, reason: why }) => (why === '' ? rule : `${rule} (${why})`));
  const against = rules.filter(({ answer }) => answer !== 'allowed');
  // The calls of a turn show theirs themselves.
  const shows = input !== null && (about !== 'turn' || outcome !== 'allowed' || callsOf(input) === 0);
  return [
    `${paint.faint(`${seq}  ${at.slice(11, 23)}`)}  ${agent} ${path}  ${event}: ${from} → ${to}`,
    `${INDENT}${about}${what === null ? '' : ` ${harmless(what)}`}: ${toned(outcome, paint)}`,
    ...against.flatMap((each) => indented(ruleText(each))),
    ...(reason === '' || against.some((each) => each.reason === reason) ? [] : indented(reason)),
    ...(shows ? indented(`input ${shortened(spacedJson(input))}`) : []),
    ...(judged_by ? indented(`judged by the code ${shownCode(judged_by)}`).map(paint.attention) : []),
    ...(allowed.length > 0 ? indented(`allowed by ${allowed.join(', ')}`).map(paint.faint) : []),
  ].join('\n');
}

/** Its version, and as much of its digest as tells it from others. */
function shownCode({ version, digest }: CodeId): string {
  return `${version} (${digest.slice(0, 8)})`;
}

function callsOf(input: PolicyDecision['input']): number {
  return (input as { calls: unknown[] }).calls.length;
}

function ruleText({ rule, answer, reason }: RuleAnswer): string {
  return `${answer} by ${rule}${reason === '' ? '' : `: ${reason}`}`;
}

function toned(outcome: string, paint: Paint): string {
  if (outcome.startsWith('refused') || /^(rejected|cancelled|failed)$/.test(outcome)) return paint.bad(outcome);
  return /^(escalated|handed|held|sent back)/.test(outcome) ? paint.attention(outcome) : outcome;
}

function shortened(text: string): string {
  return text.length <= SHOWN_INPUT ? text : `${text.slice(0, SHOWN_INPUT)}…`;
}
