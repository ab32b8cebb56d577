import assert from 'node:assert/strict';
import { type CustomerData, openData } from '../../packs/customer-success/data/open.ts';
import { accountMeasures, customerTables } from '../../packs/customer-success/data/tables.ts';
import { openDatabase } from '../../runtime/kit/tables/database.ts';
import { readFigures } from '../../runtime/kit/tables/figures.ts';
import { loadFolder } from '../../runtime/kit/tables/load.ts';
import { type DataFile, dataFolder, defaultPlaybook } from '../support/customer-data.ts';
import { suite } from '../support/suite.ts';

const test = suite('customer data: windows and what they cover');
const playbook = defaultPlaybook();

/** Opens a folder of one account, `one`, and asks; `extra` accounts only widen what the folder covers. */
async function ask<T>(
  rows: Partial<Record<DataFile, string[]>>,
  question: (data: CustomerData) => Promise<T>,
  account: { created?: string; renewal?: string; status?: string } = {},
): Promise<T> {
  const { created = '2025-01-01', renewal = '', status = 'active' } = account;
  const accounts = [
    `one,One Ltd,${status},growth,100,${created},${renewal},Ann Lee,#ann`,
    'other,Other Ltd,active,growth,100,2020-01-01,,Ann Lee,#ann',
  ];
  const none = { 'usage.csv': [], 'tickets.csv': [], 'nps.csv': [] };
  const data = await openData(dataFolder({ 'accounts.csv': accounts, ...none, ...rows }), playbook);
  try {
    return await question(data);
  } finally {
    await data.close();
  }
}

const use = (day: string, ...users: string[]) => users.map((user) => `one,${user},${day},reports`);
/** A row of another account, so that the folder's data starts early. */
const EARLY = 'other,u,2026-01-01,reports';
const AS_OF = '2026-11-16';
const metrics = (data: CustomerData) => data.metrics('one', AS_OF);

test('weekly active users are the distinct users of the seven days that end on the day', async () => {
  const now = [...use('2026-11-10', 'a', 'b', 'a'), ...use('2026-11-16', 'a', 'c')];
  const outsideNow = [...use('2026-11-09', 'x'), ...use('2026-11-17', 'y')];
  const before = [...use('2026-10-11', 'a', 'b'), ...use('2026-10-17', 'c', 'd', 'd')];
  const outsideBefore = [...use('2026-10-10', 'x'), ...use('2026-10-18', 'y')];
  const { weekly_active_users } = await ask(
    { 'usage.csv': [EARLY, ...now, ...outsideNow, ...before, ...outsideBefore] },
    metrics,
  );
  assert.deepEqual(weekly_active_users, { value: -0.25, now: 3, before: 4, window: '30 days', reason: null });
});

test('a share that floats would miss by the last bit is exact', async () => {
  const rows = [EARLY, ...use('2026-11-16', 'a', 'b', 'c', 'd'), ...use('2026-10-17', 'a', 'b', 'c', 'd', 'e')];
  const { weekly_active_users } = await ask({ 'usage.csv': rows }, metrics);
  assert.equal(weekly_active_users.value, -0.2);
});

test('a fall to nobody is −100 %, a rise from nobody has no value', async () => {
  const fall = await ask({ 'usage.csv': [EARLY, ...use('2026-10-17', 'a'), 'other,u,2026-11-16,x'] }, metrics);
  assert.equal(fall.weekly_active_users.value, -1);
  const rise = await ask({ 'usage.csv': [EARLY, ...use('2026-11-16', 'a')] }, metrics);
  assert.deepEqual(rise.weekly_active_users, {
    value: null,
    now: 1,
    before: 0,
    window: '30 days',
    reason: 'no user was active in the 7 days ending 2026-10-17',
  });
  assert.equal(rise.feature_adoption.reason, 'no feature was used in the 30 days before');
});

test('an account younger than a window has no figure in it, on the day it grows into it it has', async () => {
  const usage = [EARLY, ...use('2026-10-17', 'a'), ...use('2026-11-16', 'a')];
  const young = await ask({ 'usage.csv': usage }, metrics, { created: '2026-10-12' });
  assert.deepEqual(young.weekly_active_users, {
    value: null,
    now: 1,
    before: null,
    window: '30 days',
    reason: 'account is 35 days old',
  });
  const grown = await ask({ 'usage.csv': usage }, metrics, { created: '2026-10-11' });
  assert.equal(grown.weekly_active_users.value, 0);
  const tickets = { 'tickets.csv': ['T-1,one,2026-11-10,2026-11-12', 'T-2,other,2026-01-01,', `T-3,other,${AS_OF},`] };
  const day12 = await ask(tickets, metrics, { created: '2026-11-04' });
  assert.deepEqual(day12.escalated_tickets, {
    value: null,
    now: null,
    before: null,
    window: '14 days',
    reason: 'account is 12 days old',
  });
  const day13 = await ask(tickets, metrics, { created: '2026-11-03' });
  assert.deepEqual(day13.escalated_tickets, { value: 1, now: 1, before: null, window: '14 days', reason: null });
});

test('a window that begins before the data does has no figure', async () => {
  const late = await ask({ 'usage.csv': [...use('2026-10-12', 'a'), ...use('2026-11-16', 'a')] }, metrics);
  assert.equal(late.weekly_active_users.value, null);
  assert.equal(late.weekly_active_users.reason, 'usage data starts on 2026-10-12');
  assert.equal(late.nps.reason, 'data starts on 2026-10-12');
  const inTime = await ask({ 'usage.csv': [...use('2026-10-11', 'a'), ...use('2026-11-16', 'a')] }, metrics);
  assert.equal(inTime.weekly_active_users.value, 0);
});

test('usage that ended before the window began is no fall to zero', async () => {
  const rows = {
    'usage.csv': [EARLY, ...use('2026-10-17', 'a'), ...use('2026-11-09', 'a')],
    'nps.csv': [`one,${AS_OF},9`],
  };
  const { weekly_active_users } = await ask(rows, metrics);
  assert.deepEqual(weekly_active_users, {
    value: null,
    now: null,
    before: 1,
    window: '30 days',
    reason: 'usage data ends on 2026-11-09',
  });
});

const FULL = {
  'usage.csv': [EARLY, ...use('2026-10-01', 'a'), ...use('2026-10-17', 'a'), ...use('2026-11-16', 'a')],
  'tickets.csv': ['T-1,one,2026-11-10,2026-11-11'],
  'nps.csv': ['2026-07-30', '2026-09-30'].flatMap((day) => [9, 9, 9].map((score) => `one,${day},${score}`)),
};

test('an as-of date after the end of the data has no figures that end on it, never a fall', async () => {
  for (const day of ['2026-11-17', '2026-11-20', '2026-11-30']) {
    const found = await ask(FULL, (data) => data.metrics('one', day));
    for (const measure of [found.weekly_active_users, found.feature_adoption, found.escalated_tickets, found.nps]) {
      assert.deepEqual([measure.value, measure.now, measure.reason], [null, null, 'data ends on 2026-11-16'], day);
    }
    assert.equal(found.tickets.value, null);
  }
  const found = await ask(FULL, metrics);
  assert.deepEqual([found.weekly_active_users.value, found.feature_adoption.value, found.nps.value], [0, 0, 0]);
  assert.equal(found.escalated_tickets.value, 1);
});

test('usage may end two days before its window, not three; tickets and responses end with the folder', async () => {
  const ending = (day: string) => ({
    ...FULL,
    'usage.csv': [EARLY, ...use('2026-10-17', 'a'), ...use(day, 'a')],
    'tickets.csv': [...FULL['tickets.csv'], `T-2,other,${AS_OF},`],
  });
  const lagging = await ask(ending('2026-11-14'), metrics);
  assert.deepEqual([lagging.weekly_active_users.value, lagging.feature_adoption.value], [0, 0]);
  const late = await ask(ending('2026-11-13'), metrics);
  for (const measure of [late.weekly_active_users, late.feature_adoption]) {
    assert.deepEqual([measure.value, measure.reason], [null, 'usage data ends on 2026-11-13']);
  }
  assert.deepEqual([late.escalated_tickets.value, late.nps.value], [1, 0]);
});

test('an account without usage rows has no usage figures, and its tickets are still counted', async () => {
  const found = await ask({ 'usage.csv': [EARLY], 'tickets.csv': [`T-1,one,${AS_OF},`] }, metrics);
  assert.equal(found.usage_rows, 0);
  assert.equal(found.weekly_active_users.reason, 'no usage rows for this account');
  assert.equal(found.feature_adoption.value, null);
  assert.equal(found.tickets.value, 1);
});

test('escalations are counted by the day of the escalation, tickets by the day they were opened', async () => {
  const found = await ask(
    {
      'usage.csv': [EARLY],
      'tickets.csv': [
        'T-1,one,2026-10-01,2026-11-03',
        'T-2,one,2026-11-03,2026-11-16',
        'T-3,one,2026-11-02,2026-11-02',
        'T-4,one,2026-10-20,2026-10-20',
        'T-5,one,2026-10-19,2026-10-19',
        'T-6,one,2026-11-16,2026-11-17',
        'T-7,other,2026-11-16,2026-11-16',
      ],
    },
    metrics,
  );
  assert.deepEqual(found.escalated_tickets, { value: 2, now: 2, before: 2, window: '14 days', reason: null });
  assert.deepEqual(found.tickets, { value: 2, now: 2, before: 2, window: '14 days', reason: null });
});

test('NPS is promoters minus detractors in points, in windows of 60 days', async () => {
  const on = (day: string, ...scores: number[]) => scores.map((score) => `one,${day},${score}`);
  const rows = {
    'usage.csv': [EARLY],
    'nps.csv': [
      ...on('2026-09-18', 9, 6, 0),
      ...on('2026-11-16', 7),
      ...on('2026-09-17', 10, 9, 8),
      ...on('2026-07-20', 7),
      ...on('2026-07-19', 0),
    ],
  };
  const { nps } = await ask(rows, metrics);
  assert.deepEqual(nps, { value: -75, now: -25, before: 50, window: '60 days', reason: null });
});

test('NPS needs enough responses in each window', async () => {
  const rows = {
    'usage.csv': [EARLY],
    'nps.csv': ['one,2026-11-16,9', 'one,2026-11-16,9', 'one,2026-11-16,9', 'one,2026-08-01,9', 'one,2026-08-01,9'],
  };
  const { nps } = await ask(rows, metrics);
  assert.deepEqual(nps, {
    value: null,
    now: 100,
    before: null,
    window: '60 days',
    reason: '2 of 3 needed NPS responses in the 60 days before',
  });
});

test('adoption compares the distinct features of two windows of 30 days', async () => {
  const feature = (day: string, ...names: string[]) => names.map((name) => `one,u,${day},${name}`);
  const rows = [
    EARLY,
    ...feature('2026-10-18', 'a', 'b', 'b'),
    ...feature('2026-11-16', 'c'),
    ...feature('2026-10-17', 'a', 'b'),
    ...feature('2026-09-18', 'c', 'd'),
    ...feature('2026-09-17', 'e'),
  ];
  const { feature_adoption } = await ask({ 'usage.csv': rows }, metrics);
  assert.deepEqual(feature_adoption, { value: -0.25, now: 3, before: 4, window: '30 days', reason: null });
});

test('an earlier as-of date sees none of the later rows', async () => {
  const rows = { 'usage.csv': [EARLY, ...use('2026-10-01', 'a'), ...use('2026-11-16', 'b', 'c')] };
  const found = await ask(rows, (data) => data.metrics('one', '2026-10-31'));
  assert.equal(found.usage_rows, 1);
  assert.equal(found.as_of, '2026-10-31');
});

test('the as-of date is the latest date in usage, tickets and responses', async () => {
  const rows = {
    'usage.csv': [EARLY],
    'tickets.csv': ['T-1,one,2026-03-01,2026-03-09'],
    'nps.csv': ['one,2026-03-04,9'],
  };
  assert.equal(await ask(rows, async (data) => data.asOf), '2026-03-09');
});

test('an account is onboarding up to 30 days of age, then active; a churned one is churned', async () => {
  const stage = (account: { created?: string; status?: string }) =>
    ask({ 'usage.csv': [EARLY] }, async (data) => (await data.lifecycle('one', AS_OF)).stage, account);
  assert.equal(await stage({ created: '2026-10-17' }), 'onboarding');
  assert.equal(await stage({ created: '2026-10-16' }), 'active');
  assert.equal(await stage({ status: 'churned' }), 'churned');
});

test('renewal days are negative when the renewal is past and null without a date', async () => {
  const days = (renewal: string) =>
    ask({ 'usage.csv': [EARLY] }, async (data) => (await data.lifecycle('one', AS_OF)).renewal_days, { renewal });
  assert.equal(await days('2027-01-15'), 60);
  assert.equal(await days('2026-11-01'), -15);
  assert.equal(await days(''), null);
});

test('targets are the active accounts that exist by then, in the file’s order', async () => {
  const rows = { 'usage.csv': [EARLY] };
  const ids = (account: { created?: string; status?: string }) =>
    ask(rows, async (data) => (await data.targets('active_accounts', AS_OF)).map(({ id }) => id), account);
  assert.deepEqual(await ids({}), ['one', 'other']);
  assert.deepEqual(await ids({ created: '2026-11-17' }), ['other']);
  assert.deepEqual(await ids({ status: 'churned' }), ['other']);
});

test('unknown target lists and accounts are errors', async () => {
  await ask({ 'usage.csv': [EARLY] }, async (data) => {
    await assert.rejects(data.targets('everyone', AS_OF), { code: 'target.unknown' });
    await assert.rejects(data.metrics('nobody', AS_OF), { code: 'target.unknown', message: /no account "nobody"/ });
    await assert.rejects(data.lifecycle('nobody', AS_OF), { code: 'target.unknown' });
  });
});

test('memories without a scope belong to risk analysis', async () => {
  const rows = {
    'usage.csv': [EARLY],
    'memories.csv': [
      'one,2026-01-02,,outcome,,12.5,self,"Recovered, alone"',
      'one,2026-01-03,risk_analysis,,,,,A note',
    ],
  };
  assert.deepEqual(await ask(rows, (data) => data.memories()), [
    {
      scope: 'risk_analysis',
      subject: 'one',
      date: '2026-01-02',
      kind: 'outcome',
      dip_percent: 12.5,
      resolved_by: 'self',
      text: 'Recovered, alone',
    },
    { scope: 'risk_analysis', subject: 'one', date: '2026-01-03', text: 'A note' },
  ]);
});

test('many questions at once each get their own answer', async () => {
  const rows = { 'usage.csv': [EARLY, ...use('2026-10-17', 'a', 'b'), ...use('2026-11-16', 'a')] };
  await ask(rows, async (data) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => data.metrics(index % 2 ? 'one' : 'other', AS_OF)),
    );
    for (const [index, answer] of answers.entries()) assert.equal(answer.usage_rows, index % 2 ? 3 : 1);
  });
});

test('the tables are asked as many questions for two thousand accounts as for one', async () => {
  const figures = async (accounts: number): Promise<{ asked: number; found: number }> => {
    const ids = Array.from({ length: accounts }, (_, i) => `a${i}`);
    const folder = dataFolder({
      'accounts.csv': ids.map((id) => `${id},N,active,growth,1,2025-01-01,,Ann,#ann`),
      'usage.csv': ids.map((id) => `${id},u,2026-11-16,reports`),
      'tickets.csv': [],
      'nps.csv': [],
    });
    const database = await openDatabase();
    try {
      await loadFolder(database, customerTables.declared, folder);
      let asked = 0;
      const rows: typeof database.rows = (...question) => {
        asked += 1;
        return database.rows(...question);
      };
      const found = await readFigures({ ...database, rows }, customerTables.declared, accountMeasures(playbook), AS_OF);
      return { asked, found: found.size };
    } finally {
      await database.close();
    }
  };
  const one = await figures(1);
  assert.deepEqual(await figures(2_000), { asked: one.asked, found: 2_000 });
});

test.run();
