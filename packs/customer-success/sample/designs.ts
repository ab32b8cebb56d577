import type { Account } from '../data/open.ts';

/** The day that the sample's history ends on, and how many days it has. */
export const AS_OF = '2026-11-16';
export const HISTORY_DAYS = 120;

/** What an account's rows are generated from. Days are counted back from `AS_OF`; `recent` is what the last weeks show. */
export interface Design {
  account: Account;
  contacts: { name: string; role: string }[];
  /** Weekly active users until 30 days ago and in the last 7 days; null: no usage rows at all. */
  users: { earlier: number; recent: number } | null;
  /** Distinct features used until 30 days ago, and since. */
  features: { earlier: number; recent: number };
  /** Usage ends this many days ago. */
  silentFor?: number;
  /** When tickets were opened, and those of them that were escalated, when. */
  tickets: { opened: number; escalated?: number }[];
  /** NPS scores of 60–119 days ago, and of the last 60 days. */
  nps: { earlier: number[]; recent: number[] };
  memories: MemoryRow[];
}

export interface MemoryRow {
  date: string;
  kind: 'assessment' | 'intervention' | 'outcome' | 'quirk';
  assessment?: string;
  dip_percent?: number;
  resolved_by?: 'self' | 'intervention';
  text: string;
}

const MAYA = { owner: 'Maya Lindqvist', owner_channel: '#csm-maya' };
const JONAS = { owner: 'Jonas Okafor', owner_channel: '#csm-jonas' };
const PRIYA = { owner: 'Priya Raman', owner_channel: '#csm-priya' };

const STEADY_NPS = { earlier: [9, 10, 8, 7, 9], recent: [9, 8, 10, 7, 9] };
const FALLING_NPS = { earlier: [9, 10, 9, 8, 7], recent: [9, 9, 7, 8, 6] };
const STEADY_FEATURES = { earlier: 7, recent: 7 };
const OLD_TICKETS = [{ opened: 96 }, { opened: 71, escalated: 69 }, { opened: 52 }, { opened: 24 }];
const TWO_ESCALATED = [...OLD_TICKETS, { opened: 12, escalated: 10 }, { opened: 6, escalated: 4 }, { opened: 5 }];

function account(
  account_id: string,
  name: string,
  plan_tier: string,
  mrr_usd: number,
  created_date: string,
  renewal_date: string | null,
  owner: Pick<Account, 'owner' | 'owner_channel'>,
  status: Account['status'] = 'active',
): Account {
  return { account_id, name, status, plan_tier, mrr_usd, created_date, renewal_date, ...owner };
}

/** Twelve accounts: each row of the playbook's outcomes is met by one of them. */
export const DESIGNS: Design[] = [
  {
    // Urgent: two declining signals, renewal in 60 days; the dip it recalls was less deep.
    account: account('acme-corp', 'Acme Corp', 'business', 4200, '2023-01-15', '2027-01-15', MAYA),
    contacts: [
      { name: 'Dana Whitfield', role: 'Director of Operations' },
      { name: 'Samuel Ortega', role: 'Platform Administrator' },
    ],
    users: { earlier: 40, recent: 26 },
    features: STEADY_FEATURES,
    tickets: TWO_ESCALATED,
    nps: STEADY_NPS,
    memories: [
      {
        date: '2025-09-15',
        kind: 'outcome',
        dip_percent: 45,
        resolved_by: 'intervention',
        text: 'Acme Corp renewed for another term after weekly active users had fallen 45 % in the summer; a joint review of its dashboards with the operations team turned usage around.',
      },
      {
        date: '2026-08-17',
        kind: 'assessment',
        assessment: 'watch',
        dip_percent: 18,
        resolved_by: 'self',
        text: 'Weekly active users of Acme Corp fell 18 % in 30 days during the holiday season; the account was put on watch, and usage recovered without intervention within three weeks.',
      },
    ],
  },
  {
    // Healthy: growing, renewal far away.
    account: account('brightwell-analytics', 'Brightwell Analytics', 'growth', 1850, '2025-08-01', '2027-08-01', JONAS),
    contacts: [
      { name: 'Helen Brightwell', role: 'Managing Partner' },
      { name: 'Tomasz Zielinski', role: 'Lead Analyst' },
    ],
    users: { earlier: 20, recent: 26 },
    features: { earlier: 6, recent: 8 },
    tickets: OLD_TICKETS,
    nps: { earlier: [8, 9, 7, 6], recent: [9, 10, 8, 7] },
    memories: [],
  },
  {
    // Stable: nothing declines, but the renewal is near enough for a closer look.
    account: account('calder-logistics', 'Calder Logistics', 'business', 3100, '2024-01-31', '2027-01-31', PRIYA),
    contacts: [
      { name: 'Ruth Calder', role: 'Chief Operating Officer' },
      { name: 'Imran Siddiqui', role: 'Fleet Systems Manager' },
    ],
    users: { earlier: 22, recent: 22 },
    features: STEADY_FEATURES,
    tickets: OLD_TICKETS,
    nps: STEADY_NPS,
    memories: [
      {
        date: '2026-11-09',
        kind: 'assessment',
        assessment: 'stable',
        text: 'Calder Logistics was steady on every figure with its renewal coming up at the end of January; assessed as stable.',
      },
    ],
  },
  {
    // Watch: one declining signal.
    account: account('dunmore-foods', 'Dunmore Foods', 'growth', 1400, '2025-05-20', '2027-05-20', JONAS),
    contacts: [{ name: 'Aoife Brennan', role: 'Supply Chain Lead' }],
    users: { earlier: 18, recent: 18 },
    features: { earlier: 8, recent: 5 },
    tickets: OLD_TICKETS,
    nps: STEADY_NPS,
    memories: [
      {
        date: '2026-11-09',
        kind: 'assessment',
        assessment: 'stable',
        text: 'Dunmore Foods showed no declining signal; assessed as stable.',
      },
    ],
  },
  {
    // A person decides: enterprise tier, with a declining signal.
    account: account('evergreen-health', 'Evergreen Health', 'enterprise', 18500, '2022-03-31', '2027-03-31', MAYA),
    contacts: [
      { name: 'Dr. Lucia Ferraro', role: 'Chief Information Officer' },
      { name: 'Marcus Bell', role: 'Programme Manager' },
    ],
    users: { earlier: 42, recent: 41 },
    features: { earlier: 9, recent: 9 },
    tickets: OLD_TICKETS,
    nps: FALLING_NPS,
    memories: [],
  },
  {
    // Twelve days old: no window is covered yet.
    account: account('fable-studios', 'Fable Studios', 'starter', 390, '2026-11-04', '2027-11-04', PRIYA),
    contacts: [{ name: 'Noor Haddad', role: 'Studio Manager' }],
    users: { earlier: 8, recent: 8 },
    features: { earlier: 4, recent: 4 },
    tickets: [{ opened: 7 }],
    nps: { earlier: [], recent: [] },
    memories: [],
  },
  {
    // Churned: no target.
    account: account('granite-hotels', 'Granite Hotels', 'growth', 0, '2023-09-30', null, JONAS, 'churned'),
    contacts: [{ name: 'Pieter van Dam', role: 'Revenue Manager' }],
    users: { earlier: 12, recent: 12 },
    features: { earlier: 5, recent: 5 },
    silentFor: 47,
    tickets: [{ opened: 88, escalated: 86 }, { opened: 63 }],
    nps: { earlier: [5, 6, 4], recent: [] },
    memories: [
      {
        date: '2026-09-30',
        kind: 'outcome',
        text: 'Granite Hotels left at the end of its term after a change of ownership.',
      },
    ],
  },
  {
    // A person decides: active, yet the pipeline brought no usage row.
    account: account('harbor-insurance', 'Harbor Insurance', 'business', 5200, '2024-06-30', '2027-06-30', PRIYA),
    contacts: [{ name: 'Grace Mbeki', role: 'Head of Claims' }],
    users: null,
    features: STEADY_FEATURES,
    tickets: [{ opened: 40 }, { opened: 9 }],
    nps: STEADY_NPS,
    memories: [],
  },
  {
    // A person decides: usage grows while escalations pile up.
    account: account(
      'ironwood-manufacturing',
      'Ironwood Manufacturing',
      'business',
      3900,
      '2024-04-30',
      '2027-04-30',
      JONAS,
    ),
    contacts: [
      { name: 'Karl Eisenberg', role: 'Plant Director' },
      { name: 'Yuki Tanaka', role: 'Quality Engineer' },
    ],
    users: { earlier: 20, recent: 27 },
    features: STEADY_FEATURES,
    tickets: [...TWO_ESCALATED, { opened: 9, escalated: 8 }],
    nps: STEADY_NPS,
    memories: [],
  },
  {
    // A person decides: stable and urgent within two weeks of each other.
    account: account('juniper-education', 'Juniper Education', 'growth', 2300, '2024-09-01', '2027-04-01', MAYA),
    contacts: [{ name: 'Beatriz Campos', role: 'Dean of Digital Learning' }],
    users: { earlier: 20, recent: 19 },
    features: { earlier: 8, recent: 6 },
    tickets: OLD_TICKETS,
    nps: FALLING_NPS,
    memories: [
      {
        date: '2026-10-12',
        kind: 'assessment',
        assessment: 'stable',
        text: 'Juniper Education was assessed as stable: the fall in NPS was put down to the start of the term.',
      },
      {
        date: '2026-10-26',
        kind: 'assessment',
        assessment: 'urgent_intervention',
        text: 'Juniper Education was assessed as urgent: NPS and feature adoption fell together.',
      },
    ],
  },
  {
    // Watch: the same signals as Lumen Retail, but a deeper dip is remembered that passed by itself.
    account: account('kestrel-media', 'Kestrel Media', 'growth', 2100, '2024-06-11', '2027-06-11', PRIYA),
    contacts: [{ name: 'Owen Price', role: 'Head of Production' }],
    users: { earlier: 30, recent: 21 },
    features: STEADY_FEATURES,
    tickets: TWO_ESCALATED,
    nps: STEADY_NPS,
    memories: [
      {
        date: '2026-02-16',
        kind: 'outcome',
        dip_percent: 38,
        resolved_by: 'self',
        text: 'Weekly active users of Kestrel Media fell 38 % between two production seasons and came back without intervention when the next season began.',
      },
    ],
  },
  {
    // Urgent: the same signals as Kestrel Media, and nothing remembered that would explain them.
    account: account('lumen-retail', 'Lumen Retail', 'growth', 2250, '2024-07-02', '2027-07-02', MAYA),
    contacts: [{ name: 'Sofia Marchetti', role: 'E-commerce Director' }],
    users: { earlier: 30, recent: 21 },
    features: STEADY_FEATURES,
    tickets: TWO_ESCALATED,
    nps: STEADY_NPS,
    memories: [
      {
        date: '2026-05-04',
        kind: 'quirk',
        text: 'Lumen Retail prefers a written summary two days before every call.',
      },
    ],
  },
];
