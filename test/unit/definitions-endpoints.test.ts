import assert from 'node:assert/strict';
import { problemsOf, problemsToText } from '../../runtime/definitions/words.ts';
import { type ApiEndpoint, endpointsOf, plainStart } from '../../bridge/contract/endpoints.ts';
import { suite } from '../support/suite.ts';
import { type Case, testCases } from './definitions-cases.ts';
import { findingsOf, greenhouse, load, placeOf, removeFolders, spoil } from './definitions-fixture.ts';

const test = suite('definitions: endpoints');
test.after(removeFolders);

const ROUNDS = `
endpoints:
  rounds:
    start: {schedule: rounds, target_field: bed, targets_field: beds}
`;
const withEndpoints = (yaml = ROUNDS) => spoil(greenhouse(), 'pack.yaml', 'scopes:', `${yaml.trim()}\nscopes:`);

const endpoint = (text: string) => `endpoints:\n  rounds:\n    start: ${text}\nscopes:`;
const CASES: Case[] = [
  [
    'an endpoint of an unknown schedule',
    'pack.yaml',
    'scopes:',
    endpoint('{schedule: round}'),
    [
      'pack.yaml:12:23 endpoints.rounds.start.schedule',
      /^unknown schedule "round", expected rounds; did you mean "rounds"/,
    ],
  ],
  [
    'an endpoint without a schedule',
    'pack.yaml',
    'scopes:',
    endpoint('{}'),
    ['pack.yaml:12:12 endpoints.rounds.start.schedule', /^is missing, expected text/],
  ],
  [
    'an endpoint in a group of the platform',
    'pack.yaml',
    'scopes:',
    'endpoints:\n  runs:\n    start: {schedule: rounds}\nscopes:',
    ['pack.yaml:11:3 endpoints.runs', /^the group "runs" is the platform's own, expected another name$/],
  ],
  [
    'a target field that means something else',
    'pack.yaml',
    'scopes:',
    endpoint('{schedule: rounds, target_field: all}'),
    ['pack.yaml:12:45 endpoints.rounds.start.target_field', /^"all" means something else in a request/],
  ],
  [
    'one field for one target and for a list',
    'pack.yaml',
    'scopes:',
    endpoint('{schedule: rounds, target_field: bed, targets_field: bed}'),
    ['pack.yaml:12:65 endpoints.rounds.start.targets_field', /^is "bed" like target_field, expected another name$/],
  ],
  [
    'an unknown key of an endpoint',
    'pack.yaml',
    'scopes:',
    endpoint('{schedule: rounds, targt_field: bed}'),
    ['pack.yaml:12:31 endpoints.rounds.start.targt_field', /^unknown key, .*did you mean "target_field"/],
  ],
];
testCases(test, CASES);

test('an endpoint that two packs declare is told at the second', async () => {
  const other = spoil(
    spoil(
      withEndpoints(ROUNDS.replace('schedule: rounds', 'schedule: tours')),
      'pack.yaml',
      'name: greenhouse',
      'name: orchard',
    ),
    'pack.yaml',
    'schedules:\n  rounds:',
    'schedules:\n  tours:',
  );
  const found = await findingsOf(withEndpoints(), other);
  const endpoints = found.filter(({ path }) => path.startsWith('endpoints'));
  assert.deepEqual(endpoints.map(placeOf), ['pack.yaml:12:5 endpoints.rounds.start']);
  assert.match(endpoints[0]?.message ?? '', /^the endpoint "rounds\.start" is already declared in/);
});

async function roundsStart(): Promise<ApiEndpoint> {
  const found = endpointsOf([await load(withEndpoints())]).find(({ group }) => group === 'rounds');
  assert.ok(found);
  return found;
}

test('a request names targets in the endpoint’s words or in the general ones, in one way', async () => {
  const { request, deed } = await roundsStart();
  assert.ok(deed.kind === 'start');
  assert.deepEqual(plainStart(deed, { bed: 'north' }), { target: 'north' });
  assert.deepEqual(plainStart(deed, { beds: ['north'], as_of: '2026-01-31' }), {
    targets: ['north'],
    as_of: '2026-01-31',
  });
  assert.deepEqual(plainStart(deed, { targets: ['north'] }), { targets: ['north'] });
  assert.deepEqual(plainStart(deed, { all: true }), { all: true });
  for (const good of [{ bed: 'n' }, { beds: ['n'] }, { target: 'n' }, { targets: ['n'] }, { all: true }]) {
    assert.equal(problemsToText(problemsOf(request, good)), '');
  }
  for (const bad of [{}, { bed: 'n', all: true }, { bed: 'n', target: 'n' }]) {
    assert.match(problemsToText(problemsOf(request, bad)), /expected exactly one of them/);
  }
});

test('only agents that may start from outside have an endpoint', async () => {
  const names = endpointsOf([await load(greenhouse())]).map(({ group, name }) => `${group}.${name}`);
  assert.deepEqual(names, [
    'run.gardener',
    'runs.get',
    'runs.cancel',
    'batches.get',
    'human.list',
    'human.show',
    'human.decide',
  ]);
});

test.run();
