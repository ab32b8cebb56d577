import assert from 'node:assert/strict';
import { relative } from 'node:path';
import pino from 'pino';
import { formatFinding } from '../../runtime/definitions/resolved.ts';
import { type Validation, validateFolder } from '../../runtime/definitions/validate.ts';
import { definitionSchema } from '../../bridge/contract/definition-schemas.ts';
import type { JsonObject } from '../../runtime/json.ts';
import { suite } from '../support/suite.ts';
import { type Files, greenhouse, inPack, removeFolders, spoil, writeFiles } from './definitions-fixture.ts';

const log = pino({ level: 'silent' });
const test = suite('validating a folder of agents');
test.after.each(removeFolders);

async function validate(folder: string, pack: string | null = null): Promise<Validation> {
  return validateFolder(folder, { pack, log });
}

function lines({ errors, warnings }: Validation): { errors: string[]; warnings: string[] } {
  const line = (finding: Parameters<typeof inPack>[0]) => formatFinding(inPack(finding));
  return { errors: errors.map(line), warnings: warnings.map(line) };
}

/** The agents of the greenhouse as a folder of their own. */
function agentsOf(files: Files): Files {
  const own = Object.entries(files).filter(([name]) => name.startsWith('agents/'));
  return Object.fromEntries(own.map(([name, text]) => [name.slice('agents/'.length), text]));
}

test('a pack’s folder and its folder of agents are the same pack', async () => {
  const folder = await writeFiles(greenhouse());
  const whole = await validate(folder);
  const inner = await validate(`${folder}/agents`);
  assert.deepEqual([whole.pack, whole.agents, whole.errors], ['greenhouse', 2, []]);
  assert.deepEqual({ ...inner, folder }, whole);
  assert.equal(relative(folder, inner.folder), 'agents');
});

test('agent files elsewhere take tools, topics, scopes and parameters from the pack that is named', async () => {
  const pack = await writeFiles(greenhouse());
  const good = await writeFiles(agentsOf(greenhouse()));
  assert.deepEqual((await validate(good, pack)).errors, []);
  const bad = spoil(agentsOf(greenhouse()), 'gardener.yaml', '- get_moisture', '- get_moistur');
  const worse = spoil(bad, 'gardener.yaml', '[shared_notes]', '[shared_note]');
  const found = lines(await validate(await writeFiles(worse), pack));
  assert.equal(found.errors.length, 2);
  assert.match(found.errors[0] ?? '', /^gardener.yaml:21:5 tools\.0: unknown tool .*did you mean "get_moisture"/);
  assert.match(found.errors[1] ?? '', /shared_context_scopes\.0: unknown scope "shared_note"/);
});

test('without a pack only what the files say by themselves is checked', async () => {
  const folder = await writeFiles(agentsOf(greenhouse()));
  const found = await validate(folder);
  assert.deepEqual([found.pack, found.agents, found.errors], [null, 2, []]);
  const cycle = spoil(agentsOf(greenhouse()), 'botanist.yaml', 'tools:', 'sub_agents: [gardener]\ntools:');
  assert.match(
    lines(await validate(await writeFiles(cycle))).errors.join('\n'),
    /delegation cycle botanist → gardener → botanist/,
  );
});

test('what can never come to be is a warning: an agent nobody starts, depth used up above, a parent that is not there', async () => {
  const idle = spoil(greenhouse(), 'agents/gardener.yaml', 'sub_agents:\n  - botanist\n', 'sub_agents: []\n');
  const alone = spoil(
    spoil(idle, 'agents/gardener.yaml', '  - delegate_to_botanist\n', ''),
    'agents/gardener.yaml',
    'allowed_sub_agents:\n    - botanist\n',
    'allowed_sub_agents: []\n',
  );
  const { errors, warnings } = lines(await validate(await writeFiles(alone)));
  assert.deepEqual(errors, []);
  assert.match(warnings.join('\n'), /botanist.yaml:7:9 metadata\.role: "botanist" is never started/);

  const handed = spoil(greenhouse(), 'agents/gardener.yaml', 'target: human', 'target: parent');
  assert.match(
    lines(await validate(await writeFiles(handed))).warnings.join('\n'),
    /gardener.yaml:\d+:\d+ autonomy\.escalation_rules\.0\.target: a run that is started from outside has no parent/,
  );

  const below = greenhouse()['agents/botanist.yaml'] ?? '';
  const third = below.replaceAll('botanist', 'student').replace('./prompts/student.md', './prompts/botanist.md');
  const deep = {
    ...greenhouse(),
    'agents/student.yaml': third,
    'agents/botanist.yaml': below
      .replace('tools:\n', 'sub_agents: [student]\ntools:\n  - delegate_to_student\n')
      .replace('max_delegation_depth: 0', 'max_delegation_depth: 1\n  allowed_sub_agents: [student]'),
  };
  const reach = lines(await validate(await writeFiles(deep)));
  assert.deepEqual(reach.errors, []);
  assert.match(reach.warnings.join('\n'), /botanist.yaml:\d+:\d+ sub_agents\.0: "student" is out of reach/);
});

test('a folder with nothing to look at is a coded error', async () => {
  const folder = await writeFiles({ 'notes.md': 'nothing' });
  await assert.rejects(validate(folder), { code: 'pack.not_found', message: /neither a pack.yaml nor an agent file/ });
  await assert.rejects(validate(`${folder}/nowhere`), { code: 'pack.not_found', message: /ENOENT/ });
});

test('YAML that is passed over is named: other spellings, folders below, a second document', async () => {
  const files = {
    ...agentsOf(greenhouse()),
    'spare.yml': 'a: 1\n',
    'LOUD.YAML': 'a: 1\n',
    'drafts/old.yaml': 'a: 1\n',
    'node_modules/some/thing.yaml': 'a: 1\n',
  };
  const loose = lines(await validate(await writeFiles(files)));
  assert.deepEqual(loose.errors, []);
  assert.match(
    loose.warnings[0] ?? '',
    /^LOUD\.YAML:1:1 is not read as an agent file, expected its name to end in \.yaml$/,
  );
  assert.match(
    loose.warnings[1] ?? '',
    /^drafts\/old\.yaml:1:1 is not read as an agent file, expected it in .* itself$/,
  );
  assert.match(loose.warnings[2] ?? '', /^spare\.yml:1:1 is not read/);
  assert.equal(loose.warnings.length, 3);

  const packed = { ...greenhouse(), 'agents/drafts/deep/old.yml': 'a: 1\n' };
  const inPackFolder = lines(await validate(await writeFiles(packed)));
  assert.match(inPackFolder.warnings.join('\n'), /^agents\/drafts\/deep\/old\.yml:1:1 is not read/m);

  const two = { ...greenhouse() };
  two['agents/botanist.yaml'] += '---\nkind: Agent\n';
  const { errors } = lines(await validate(await writeFiles(two)));
  assert.equal(errors.length, 1, errors.join('\n'));
  assert.match(
    errors[0] ?? '',
    /^agents\/botanist\.yaml:25:1 a second YAML document begins here, expected one in each/,
  );
});

test('a folder with misspelt files alone names them, and a file is no folder', async () => {
  const folder = await writeFiles({ 'gardener.yml': 'a: 1\n' });
  await assert.rejects(validate(folder), {
    code: 'pack.not_found',
    message: /neither .*\n.*gardener\.yml:1:1 is not read/,
  });
  await assert.rejects(validate(`${folder}/gardener.yml`), {
    code: 'pack.not_found',
    message: /gardener\.yml is a file, expected a folder of agent files$/,
  });
});

test('a broken file hides only what hangs on it: unknown sub-agents and unreachable rules elsewhere are told at once', async () => {
  const broken = { ...greenhouse(), 'agents/student.yaml': 'metadata:\n  name: student\n  role: [\n' };
  const asked = spoil(broken, 'agents/gardener.yaml', '  - botanist\n', '  - botanist\n  - student\n  - surveyor\n');
  const handed = spoil(asked, 'agents/gardener.yaml', 'target: human', 'target: parent');
  const { errors, warnings } = lines(await validate(await writeFiles(handed)));
  assert.match(errors.join('\n'), /gardener\.yaml:\d+:\d+ sub_agents\.2: unknown agent "surveyor"/);
  assert.doesNotMatch(errors.join('\n'), /unknown agent "student"/);
  assert.match(errors.join('\n'), /student\.yaml:.*expected valid YAML/);
  assert.match(warnings.join('\n'), /escalation_rules\.0\.target: a run that is started from outside has no parent/);
});

test('what an error elsewhere may explain is no warning', async () => {
  const slip = spoil(greenhouse(), 'agents/gardener.yaml', 'role: main', 'role: mian');
  const { errors, warnings } = lines(await validate(await writeFiles(slip)));
  assert.match(errors.join('\n'), /metadata\.role/);
  assert.doesNotMatch(warnings.join('\n'), /never started|out of reach/);
});

test('with the model that needs players, an agent without one is a warning', async () => {
  const folder = await writeFiles(greenhouse());
  const played = lines(await validateFolder(folder, { pack: null, model: 'rehearsal', log }));
  const [warning] = played.warnings.filter((line) => line.includes('player'));
  assert.match(
    warning ?? '',
    /^agents\/botanist\.yaml:5:9 metadata\.name: "botanist" has no player: it needs a real model/,
  );
  assert.doesNotMatch(
    lines(await validateFolder(folder, { pack: null, model: 'other', log })).warnings.join(),
    /player/,
  );
});

test('a text that is too long is told the limit', async () => {
  const long = spoil(greenhouse(), 'agents/botanist.yaml', 'id: agent-botanist', `id: ${'x'.repeat(201)}`);
  const { errors } = lines(await validate(await writeFiles(long)));
  assert.match(errors.join('\n'), /metadata\.id: got the text .*, expected text of 1 to 100 characters$/);
  const same = spoil(greenhouse(), 'agents/botanist.yaml', 'id: agent-botanist', 'id: agent-gardener');
  const shared = lines(await validate(await writeFiles(same))).errors.join('\n');
  assert.match(shared, /expected an id of its own$/);
});

test('every property of both kinds of file is described for editors', () => {
  const undescribed = (schema: JsonObject, path: string): string[] =>
    Object.entries(schema).flatMap(([key, value]) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
      if (key !== 'properties') return undescribed(value, path);
      return Object.entries(value as Record<string, JsonObject>).flatMap(([name, property]) => [
        ...(typeof property.description === 'string' ? [] : [`${path}.${name}`]),
        ...undescribed(property, `${path}.${name}`),
      ]);
    });
  assert.deepEqual(
    [...undescribed(definitionSchema('agent'), 'agent'), ...undescribed(definitionSchema('pack'), 'pack')],
    [],
  );
});

test.run();
