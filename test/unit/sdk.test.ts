import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import * as sdk from 'agent-platform/sdk';
import * as tables from 'agent-platform/tables';
import * as text from 'agent-platform/text';
import * as testing from 'agent-platform/testing';
import * as ownSdk from '../../runtime/sdk.ts';
import { suite } from '../support/suite.ts';

/** Names that packs rely on: adding one is a promise, taking one away breaks packs. */
const SDK = [
  'EMIT_EVENT',
  'ESCALATE',
  'MemoryDraft',
  'PlatformError',
  'RECALL_MEMORY',
  'STORE_MEMORY',
  'SUBMIT_REPORT',
  'checkLocated',
  'defineCode',
  'definePack',
  'defineTool',
  'delegateTool',
  'flattenReports',
  'formatDataProblem',
  'parseLocated',
  'resultOf',
  'z',
];
const SDK_TYPES = [
  'AgentReport',
  'CallCount',
  'CallRecord',
  'Check',
  'CheckView',
  'Condition',
  'Conversation',
  'DataCount',
  'DataProblem',
  'ErrorCode',
  'FactsOf',
  'Finding',
  'Json',
  'JsonObject',
  'LocatedYaml',
  'MemorySeed',
  'OutputOf',
  'PackCode',
  'Player',
  'PlayerTurn',
  'PolicyView',
  'Recalled',
  'Row',
  'RunSummary',
  'Source',
  'Target',
  'Task',
  'Tool',
  'ToolContext',
  'Warning',
];
const TABLES = ['Measure', 'addBusinessDays', 'addDays', 'column', 'dayCount', 'daysBetween', 'defineTables'];
const TABLES_TYPES = ['DataFolders', 'MeasureSpec', 'Measured', 'RowOf', 'SourceOf', 'TableSource', 'Window'];
const TEXT = [
  'bullets',
  'capital',
  'channelIn',
  'checkTexts',
  'count',
  'countWords',
  'differs',
  'excerpt',
  'firstIn',
  'fit',
  'folded',
  'foreignLinkIn',
  'formProblem',
  'givenAway',
  'htmlIn',
  'linksIn',
  'namesWindow',
  'oneLine',
  'quotes',
  'readings',
  'sentence',
  'sentenceIn',
  'sentencesOf',
  'stringsIn',
  'textsOf',
  'unknownName',
  'unmarked',
  'withoutNames',
  'words',
  'wrongLine',
  'wrongLines',
];
const TEXT_TYPES = [
  'Figure',
  'Form',
  'InternalChannel',
  'InternalId',
  'KnownNames',
  'OwnNames',
  'Text',
  'TextPath',
  'TextRule',
];
const TESTING = ['chain', 'scriptedModel', 'startTestPlatform'];
const TESTING_TYPES = [
  'HumanDecision',
  'HumanTaskDetail',
  'Memory',
  'RunTree',
  'ScriptedTurn',
  'StoredEvent',
  'TestBatch',
  'TestPlatform',
  'TestPlatformOptions',
];

/** The names that a file of nothing but `export … from` lists as types. */
function typesOf(path: string): string[] {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const names = [...text.matchAll(/export (type )?\{([^}]*)\}/g)].flatMap(([, all, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && (all !== undefined || name.startsWith('type ')))
      .map((name) => name.replace(/^type /, '')),
  );
  return names.sort();
}

const test = suite('what packs may import');

test('agent-platform/sdk has these values and types, and no other', () => {
  assert.deepEqual(Object.keys(sdk).sort(), SDK);
  assert.deepEqual(typesOf('runtime/sdk.ts'), SDK_TYPES);
});

test('agent-platform/tables has these values and types, and no other', () => {
  assert.deepEqual(Object.keys(tables).sort(), TABLES);
  assert.deepEqual(typesOf('runtime/kit/tables/index.ts'), TABLES_TYPES);
});

test('agent-platform/text has these values and types, and no other', () => {
  assert.deepEqual(Object.keys(text).sort(), TEXT);
  assert.deepEqual(typesOf('runtime/kit/text/index.ts'), TEXT_TYPES);
});

test('agent-platform/testing has these values and types, and no other', () => {
  assert.deepEqual(Object.keys(testing).sort(), TESTING);
  assert.deepEqual(typesOf('bridge/testing/index.ts'), TESTING_TYPES);
});

test('agent-platform/sdk is the platform’s own: its errors are told from others', () => {
  assert.equal(sdk.PlatformError, ownSdk.PlatformError);
  assert.equal(sdk.z, ownSdk.z);
});

test('the package exports these doors, and no other', () => {
  const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    exports: object;
  };
  assert.deepEqual(Object.keys(exports), ['./sdk', './tables', './text', './testing', './register', './package.json']);
});

test('facts of a tool with an output have its types in conditions, checks and rows; the compiler holds it', () => {
  const { z, defineTool, defineCode, resultOf } = sdk;
  const getLoan = defineTool({
    name: 'get_loan',
    description: 'A loan.',
    input: z.strictObject({ id: z.string() }),
    output: z.strictObject({ days: z.number().nullable() }),
    run: async () => ({ days: 3 }),
  });
  const getAny = defineTool({
    name: 'get_any',
    description: 'Anything.',
    input: z.strictObject({ id: z.string() }),
    run: async () => ({ shelf: 'B7' }),
  });
  const code = defineCode({
    tools: [getLoan, getAny],
    agents: ['librarian'],
    conditions: {
      late: ({ facts, calls }) => ((facts.get_loan?.days ?? 0) > 2 ? `late after ${calls.get_loan?.succeeded}` : null),
      old: ({ facts }) => (facts.get_any as { shelf: string } | undefined)?.shelf ?? null,
      // @ts-expect-error the output has no such field
      typo: ({ facts }) => facts.get_loan?.day ?? null,
      // @ts-expect-error the pack has no such tool
      other: ({ facts }) => facts.get_laon ?? null,
    },
    checks: {
      same: ({ done }) => (done.get_loan?.result.days === 3 ? null : { warning: 'not 3' }),
      // @ts-expect-error the output has no such field
      typo: ({ done }) => done.get_loan?.result.day ?? null,
    },
    schemas: {},
    reports: {},
    // @ts-expect-error no agent is called so
    players: { libarian: () => ({}) },
    open: async () => Promise.reject(new Error('nothing to open')),
    row: (_schedule, { facts }) => ({ fields: { days: facts.get_loan?.days ?? null }, rank: 0, tally: {} }),
  });
  const counted = { attempted: 1, succeeded: 1, failed: 0 };
  const view = { agent: 'librarian', subject: null, as_of: '2026-01-31', input: {}, calls: { get_loan: counted } };
  assert.equal(code.conditions.late?.({ ...view, facts: { get_loan: { days: 3 } } }), 'late after 1');
  const call = { name: 'get_loan', input: {}, ok: true, result: { days: 3 } };
  const days: number | null | undefined = resultOf({ calls: [call, { ...call, ok: false }] }, getLoan)?.days;
  assert.equal(days, 3);
  // @ts-expect-error a result has to fit the output
  defineTool({ ...getLoan, run: async () => ({ days: 'three' }) });
  const name: 'delegate_to_librarian' = sdk.delegateTool('librarian');
  assert.equal(name, 'delegate_to_librarian');
});

test.run();
