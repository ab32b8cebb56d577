import { ASSESSMENTS } from '../assessment.ts';

/**
 * The tables of a data folder: their columns, and what a value must look like. These names are the only text from which
 * SQL is built; what stands in the files is only ever a parameter or a value.
 */
export interface Column {
  name: string;
  kind: keyof typeof KINDS;
  /** An empty field is null; in every other column it is an error. */
  nullable?: true;
  /** No two rows have the same value. */
  unique?: true;
  /** Every value is an `account_id` of the table `accounts`. */
  account?: true;
}

export interface Table {
  name: TableName;
  columns: Column[];
  /** The folder may do without this table. */
  optional?: true;
  /** How many rows it may have. Those that are kept as objects have fewer. */
  most: number;
}

export type TableName = 'accounts' | 'usage' | 'tickets' | 'nps' | 'contacts' | 'memories';

interface Kind {
  /** What a message says was expected. */
  expected: string;
  /** The SQL condition that a good value meets; `$` stands for the column. */
  valid: string;
}

/** A run is called `<batch>-<account_id>` in at most 200 characters; this leaves 49 for the batch. */
const ID_MAX = 150;
/** Control and bidirectional characters, as the platform refuses them in the id of a run. */
const UNSHOWN = '[\\x00-\\x1f\\x7f-\\x{9f}\\x{61c}\\x{200e}\\x{200f}\\x{2028}-\\x{202e}\\x{2066}-\\x{2069}]';

/** Whose memories a folder may bring along: the agents of this pack that have a long-term memory. */
export const MEMORY_SCOPES = ['risk_analysis'] as const;

export const KINDS = {
  text: { expected: 'a text', valid: 'true' },
  id: {
    expected: `at most ${ID_MAX} characters and no control characters`,
    valid: `length($) <= ${ID_MAX} AND NOT regexp_matches($, '${UNSHOWN}')`,
  },
  date: {
    expected: 'a date such as 2026-11-16',
    valid: `regexp_full_match($, '\\d{4}-\\d{2}-\\d{2}') AND try_cast($ AS DATE) IS NOT NULL`,
  },
  amount: {
    expected: 'a number, 0 or more',
    valid: `regexp_full_match($, '\\d+(\\.\\d+)?') AND try_cast($ AS DOUBLE) <= ${Number.MAX_SAFE_INTEGER}`,
  },
  score: { expected: 'a whole number from 0 to 10', valid: `regexp_full_match($, '[0-9]|10')` },
  status: oneOf(['active', 'churned']),
  assessment: oneOf(ASSESSMENTS),
  scope: oneOf(MEMORY_SCOPES),
} satisfies Record<string, Kind>;

/** Words of ours, of which a value is one. */
function oneOf(words: readonly string[]): Kind {
  const quoted = words.map((word) => `'${word}'`);
  const expected = [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ');
  return { expected, valid: `$ IN (${quoted.join(', ')})` };
}

const MOST_ROWS = 20_000_000;
const MOST_OBJECTS = 1_000_000;

const accountId: Column = { name: 'account_id', kind: 'text', account: true };

export const TABLES: Table[] = [
  {
    name: 'accounts',
    most: MOST_OBJECTS,
    columns: [
      { name: 'account_id', kind: 'id', unique: true },
      { name: 'name', kind: 'text' },
      { name: 'status', kind: 'status' },
      { name: 'plan_tier', kind: 'text' },
      { name: 'mrr_usd', kind: 'amount' },
      { name: 'created_date', kind: 'date' },
      { name: 'renewal_date', kind: 'date', nullable: true },
      { name: 'owner', kind: 'text' },
      { name: 'owner_channel', kind: 'text' },
    ],
  },
  {
    name: 'usage',
    most: MOST_ROWS,
    columns: [
      accountId,
      { name: 'user_id', kind: 'text' },
      { name: 'date', kind: 'date' },
      { name: 'feature', kind: 'text' },
    ],
  },
  {
    name: 'tickets',
    most: MOST_ROWS,
    columns: [
      { name: 'ticket_id', kind: 'text', unique: true },
      accountId,
      { name: 'opened_date', kind: 'date' },
      { name: 'escalated_date', kind: 'date', nullable: true },
    ],
  },
  {
    name: 'nps',
    most: MOST_ROWS,
    columns: [accountId, { name: 'date', kind: 'date' }, { name: 'score', kind: 'score' }],
  },
  {
    name: 'contacts',
    most: MOST_OBJECTS,
    optional: true,
    columns: [accountId, { name: 'name', kind: 'text' }, { name: 'role', kind: 'text' }],
  },
  {
    // The memory schema judges the other values of a memory, see memories.ts.
    name: 'memories',
    most: MOST_OBJECTS,
    optional: true,
    columns: [
      accountId,
      { name: 'date', kind: 'date' },
      { name: 'scope', kind: 'scope', nullable: true },
      { name: 'kind', kind: 'text', nullable: true },
      { name: 'assessment', kind: 'assessment', nullable: true },
      { name: 'dip_percent', kind: 'amount', nullable: true },
      { name: 'resolved_by', kind: 'text', nullable: true },
      { name: 'text', kind: 'text' },
    ],
  },
];
