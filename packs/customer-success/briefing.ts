import { bullets, count, countWords, fit, oneLine, sentence } from 'agent-platform/text';
import type { BriefingContext } from './briefing-context.ts';
import type { AccountLifecycle, AccountMetrics } from './facts.ts';
import { gravity, plain, withoutInternals } from './history.ts';
import type { Playbook } from './playbook.ts';

/**
 * The briefing in Markdown: title, then Situation, Risks, Actions and Talking points, each within its word limit by
 * construction: sentences are taken in order of weight while they fit, counted as the rule counts them. Names come from
 * the account's data only.
 */
export function writeBriefing(
  context: BriefingContext,
  account: { metrics: AccountMetrics; lifecycle: AccountLifecycle },
  playbook: Playbook,
): string {
  const limits = playbook.briefing;
  const facts = { ...account, name: oneLine(account.lifecycle.account_name) };
  const points = context.talking_points.map((point) => withoutInternals(point, account.lifecycle));
  const sections = [
    `## Situation\n\n${fit(situation(context, facts), limits.situation).join(' ')}`,
    `## Risks\n\n${bullets(risks(context), limits.risks)}`,
    `## Actions\n\n${bullets(actions(context, facts), limits.actions)}`,
    `## Talking points\n\n${bullets(points, limits.talking_points)}`,
  ];
  return `# ${facts.name}: briefing as of ${account.metrics.as_of}\n\n${sections.join('\n\n')}\n`;
}

interface Account {
  name: string;
  metrics: AccountMetrics;
  lifecycle: AccountLifecycle;
}

function situation(context: BriefingContext, { name, lifecycle }: Account): string[] {
  const assessed = `${plain(context.assessment)}, ${comparedWith(context.previous, context.assessment)}`;
  // A name such as «# One» or «- One» at the start of a line would be a heading or a list.
  const opening = /^(?:[#>+*=-]|\d+[.)])/.test(name) ? `The account ${name}` : name;
  return [
    fits(`${opening} is assessed as ${assessed}.`, 24) ?? `The account is assessed as ${assessed}.`,
    context.respond_by === null
      ? 'No intervention is due yet; keep it in view.'
      : `Please reach out by ${context.respond_by}.`,
    renewal(lifecycle),
    `It is on the ${oneLine(lifecycle.plan_tier)} plan at ${dollars(lifecycle.mrr_usd)} a month, ${tenure(lifecycle)} with us.`,
    `${oneLine(lifecycle.owner)} owns the account.`,
  ];
}

function risks(context: BriefingContext): string[] {
  // Where no signal speaks for itself, the rule that applied opens the section; history is cited before further reasons.
  const [rule, ...others] = context.reasons;
  const signals = context.signals.map((signal) => sentence(signal.text));
  if (signals.length > 0) return [...signals, ...context.history, ...others];
  return [...(rule === undefined ? [] : [rule]), ...context.history, ...others];
}

function actions(context: BriefingContext, { lifecycle, metrics }: Account): string[] {
  const has = (metric: string) => context.signals.some((signal) => signal.metric === metric);
  const contact = lifecycle.contacts[0];
  const who = contact ? `${oneLine(contact.name)} (${oneLine(contact.role)})` : 'the main contact';
  const call =
    context.respond_by === null ? `Raise this with ${who} at the next call.` : `Call ${who} by ${context.respond_by}.`;
  return [
    call,
    ...(has('escalated_tickets')
      ? [
          `Get the state of the escalated tickets (last ${metrics.escalated_tickets.window}) from support before the call.`,
        ]
      : []),
    ...(has('weekly_active_users')
      ? [`Look up who stopped being active in the last ${metrics.weekly_active_users.window}, and in which teams.`]
      : []),
    ...(has('nps') ? [`Read the comments behind the NPS responses of the last ${metrics.nps.window}.`] : []),
    ...(has('feature_adoption')
      ? [`List the features that fell out of use in the last ${metrics.feature_adoption.window}.`]
      : []),
    ...(lifecycle.renewal_date === null ? ['Find out the renewal date and have it recorded.'] : []),
    'Note what came of it, for the next check.',
  ];
}

function comparedWith(previous: BriefingContext['previous'], now: string): string {
  if (previous === null) return 'its first assessment';
  const change = Math.sign(gravity(now) - gravity(previous.assessment));
  if (change === 0) return `as on ${previous.date}`;
  return `${change > 0 ? 'up' : 'down'} from ${plain(previous.assessment)} on ${previous.date}`;
}

function renewal({ renewal_date: date, renewal_days: days }: AccountLifecycle): string {
  if (date === null || days === null) return 'No renewal date is on record.';
  return days < 0
    ? `Its renewal was due ${count(-days, 'day')} ago, on ${date}.`
    : `It renews in ${count(days, 'day')}, on ${date}.`;
}

function tenure({ account_age_days: days }: AccountLifecycle): string {
  return days < 60 ? count(days, 'day') : count(Math.round(days / 30.44), 'month');
}

function dollars(amount: number): string {
  return `$${Math.round(amount).toLocaleString('en-US')}`;
}

function fits(text: string, limit: number): string | null {
  return countWords(text) <= limit ? text : null;
}
