/**
 * Writes the sample's CSV files beside this script: `node --import ./bin/sources.mjs packs/customer-success/sample/generate.ts`. The
 * same designs give the same bytes on every machine and day.
 *
 * Weekly active users come out exactly as designed: whoever is in the pool is active on a weekday of their own, so that
 * any seven days count the whole pool; extra days come from the generator and change no count.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { addDays, daysBetween } from 'agent-platform/tables';
import { AS_OF, type Design, DESIGNS, HISTORY_DAYS } from './designs.ts';

type Cell = string | number | null | undefined;

const FEATURES = 'dashboards reports alerts exports workflows forecasts approvals api annotations audit'.split(' ');
const WORKDAYS = 5;
/** Where the earlier level ends and the recent one begins, in days before `AS_OF`; between them the pool moves evenly. */
const EARLIER_UNTIL = 30;
const RECENT_FROM = 6;
const NPS_WINDOW = 60;
/** One in so many workdays, somebody is active beside the day of their own. */
const EXTRA_ONE_IN = 5;

/** The files' texts by name. */
export function sampleFiles(): Record<string, string> {
  const everyone = <T>(rowsOf: (design: Design, random: Random) => T[]) =>
    DESIGNS.flatMap((design, index) => rowsOf(design, seeded(index + 1)));
  const tickets = everyone(ticketRows).map((row, index) => [`T-${1001 + index}`, ...row]);
  return {
    'accounts.csv': csv(
      'account_id,name,status,plan_tier,mrr_usd,created_date,renewal_date,owner,owner_channel',
      DESIGNS.map(({ account: a }) => [
        a.account_id,
        a.name,
        a.status,
        a.plan_tier,
        a.mrr_usd,
        a.created_date,
        a.renewal_date,
        a.owner,
        a.owner_channel,
      ]),
    ),
    'contacts.csv': csv(
      'account_id,name,role',
      everyone(({ account, contacts }) => contacts.map(({ name, role }) => [account.account_id, name, role])),
    ),
    'usage.csv': csv('account_id,user_id,date,feature', everyone(usageRows)),
    'tickets.csv': csv('ticket_id,account_id,opened_date,escalated_date', tickets),
    'nps.csv': csv('account_id,date,score', everyone(npsRows)),
    'memories.csv': csv(
      'account_id,date,scope,kind,assessment,dip_percent,resolved_by,text',
      everyone(({ account, memories }) =>
        memories.map((m) => [
          account.account_id,
          m.date,
          'risk_analysis',
          m.kind,
          m.assessment,
          m.dip_percent,
          m.resolved_by,
          m.text,
        ]),
      ),
    ),
  };
}

function usageRows({ account, users, features, silentFor = 0 }: Design, random: Random): Cell[][] {
  if (users === null) return [];
  const rows: Cell[][] = [];
  const oldest = Math.min(HISTORY_DAYS - 1, daysBetween(account.created_date, AS_OF));
  for (let ago = oldest; ago >= silentFor; ago -= 1) {
    const weekday = (new Date(daysAgo(ago)).getUTCDay() + 6) % 7;
    if (weekday >= WORKDAYS) continue;
    const used = ago >= EARLIER_UNTIL ? features.earlier : features.recent;
    for (let user = 0; user < poolSize(users, ago); user += 1) {
      const extra = random(EXTRA_ONE_IN) === 0;
      if (user % WORKDAYS !== weekday && !extra) continue;
      const name = `u${String(user + 1).padStart(2, '0')}`;
      rows.push([account.account_id, name, daysAgo(ago), FEATURES[rows.length % used]]);
    }
  }
  return rows;
}

function poolSize({ earlier, recent }: { earlier: number; recent: number }, ago: number): number {
  if (ago >= EARLIER_UNTIL) return earlier;
  if (ago <= RECENT_FROM) return recent;
  return Math.round(earlier + ((recent - earlier) * (EARLIER_UNTIL - ago)) / (EARLIER_UNTIL - RECENT_FROM));
}

function ticketRows({ account, tickets }: Design): Cell[][] {
  return tickets.map(({ opened, escalated }) => [
    account.account_id,
    daysAgo(opened),
    escalated === undefined ? null : daysAgo(escalated),
  ]);
}

function npsRows({ account, nps }: Design, random: Random): Cell[][] {
  const answers = (scores: number[], from: number) =>
    scores.map((score) => [account.account_id, daysAgo(from + random(NPS_WINDOW)), score]);
  return [...answers(nps.earlier, NPS_WINDOW), ...answers(nps.recent, 0)];
}

function daysAgo(days: number): string {
  return addDays(AS_OF, -days);
}

function csv(header: string, rows: Cell[][]): string {
  const lines = rows.map((row) => row.map((cell) => quoted(String(cell ?? ''))).join(','));
  return `${[header, ...lines].join('\n')}\n`;
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A whole number from 0 to below `limit`. */
type Random = (limit: number) => number;

/** A linear congruential generator (Numerical Recipes); the high bits are the good ones. */
function seeded(seed: number): Random {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(sampleFiles())) writeFileSync(new URL(name, import.meta.url), text);
}
