import { cronProblem } from '../schedules/cron.ts';
import { jsonSchemaOf, propertiesOf } from '../tools/json-schema.ts';
import { checkColumns } from './check-columns.ts';
import { keysAt, textAt, textsAt } from './located.ts';
import type { Finding } from './resolved.ts';
import { OWN_GROUPS } from './schema.ts';
import { agentsByName, mayBeAgent, type PackSource } from './source.ts';
import { didYouMean, oneOf, own, quote } from './words.ts';

/** Whether the names in `pack.yaml` and in its module refer to something: topics, schedules, endpoints, reports, players. Pure. */
export function checkManifest(source: PackSource): Finding[] {
  const errors: Finding[] = [];
  for (const topic of keysAt(source.yaml, ['topics'])) checkTopic(topic, source, errors);
  for (const schedule of keysAt(source.yaml, ['schedules'])) checkSchedule(schedule, source, errors);
  for (const group of keysAt(source.yaml, ['endpoints'])) checkEndpoints(group, source, errors);
  const agents = [...agentsByName(source).keys()];
  for (const { text, path } of textsAt(source.yaml, ['scopes'])) {
    // A scope is where memories lie; an agent's own scope has the agent's name.
    if (agents.includes(text))
      errors.push(source.yaml.finding(path, `${quote(text)} is the name of an agent, expected another`));
  }
  const { agents: named = [], reports = {}, players = {} } = source.code ?? {};
  for (const [kind, names] of Object.entries({
    agents: named,
    reports: Object.keys(reports),
    players: Object.keys(players),
  })) {
    for (const name of names) {
      if (mayBeAgent(source, name)) continue;
      const message = `the module's ${kind} name an unknown agent ${quote(name)}, expected ${oneOf(agents)}`;
      errors.push(source.yaml.finding(['module'], message + didYouMean(name, agents)));
    }
  }
  return errors;
}

const RUNTIME_FIELDS = ['run'];
const REPORT_FIELDS = ['run', 'agent', 'subject', 'text', 'data'];

function checkTopic(topic: string, source: PackSource, errors: Finding[]): void {
  const { yaml, code } = source;
  const at = ['topics', topic];
  const schemaName = textAt(yaml, [...at, 'schema']);
  const schema = schemaName === null || code === null ? undefined : own(code.schemas, schemaName);
  if (schemaName !== null && code !== null && schema === undefined) {
    const known = Object.keys(code.schemas);
    const message = `unknown schema ${quote(schemaName)}, expected ${oneOf(known)}${didYouMean(schemaName, known)}`;
    errors.push(yaml.finding([...at, 'schema'], message));
  }
  const reporter = textAt(yaml, [...at, 'on_report_of']);
  checkAgentName([...at, 'on_report_of'], reporter, source, errors);
  const shape = schema === undefined ? null : shapeOf(schema);
  if (shape?.closed) {
    const needed = reporter === null ? RUNTIME_FIELDS : REPORT_FIELDS;
    for (const field of needed.filter((name) => !shape.fields.includes(name))) {
      const message = `${quote(schemaName ?? '')} has no field ${quote(field)}, expected it, since the runtime sets it`;
      errors.push(yaml.finding([...at, 'schema'], message));
    }
  }
  const template = textAt(yaml, [...at, 'subject']);
  const wrong = template === null ? null : wrongSubject(template, topic, shape?.closed ? shape.fields : null);
  if (wrong !== null) errors.push(yaml.finding([...at, 'subject'], wrong));
}

/** Why a subject template is wrong, or null. `fields` are the payload's, null when it may have any. */
function wrongSubject(template: string, topic: string, fields: readonly string[] | null): string | null {
  const tokens = template.split('.');
  // `{data.<field>}` holds the only dot that is no separator.
  const parts = template.replace(/\{data\.(\w+)\}/g, '{data:$1}').split('.');
  const form = `expected ${topic}.{tenant}.….{event}`;
  if (parts[0] !== topic) return `begins with ${quote(parts[0] ?? '')}, ${form}`;
  if (parts[1] !== '{tenant}') return `has ${quote(parts[1] ?? '')} in the second place, ${form}`;
  if (parts.length < 3 || parts.at(-1) !== '{event}') return `ends with ${quote(tokens.at(-1) ?? '')}, ${form}`;
  for (const part of parts.slice(2, -1)) {
    const field = /^\{data:(\w+)\}$/.exec(part)?.[1];
    if (field !== undefined && fields !== null && !fields.includes(field)) {
      return `the payload has no field ${quote(field)}, expected ${oneOf(fields)}${didYouMean(field, fields)}`;
    }
    if (field === undefined && part !== '{subject}' && !/^[A-Za-z0-9_-]+$/.test(part)) {
      return `got ${quote(part.replace(':', '.'))} between tenant and event, expected a plain word, {subject} or {data.<field>}`;
    }
  }
  return null;
}

function checkSchedule(schedule: string, source: PackSource, errors: Finding[]): void {
  const { yaml } = source;
  const at = ['schedules', schedule];
  const agent = textAt(yaml, [...at, 'agent']);
  checkAgentName([...at, 'agent'], agent, source, errors);
  const definition = agent === null ? undefined : agentsByName(source).get(agent);
  if (definition && textAt(definition.yaml, ['metadata', 'role']) === 'sub_agent') {
    errors.push(yaml.finding([...at, 'agent'], `${quote(agent ?? '')} is a sub_agent, expected an agent of role main`));
  }
  const cron = textAt(yaml, [...at, 'cron']);
  const wrong = cron === null || cron === '' ? null : cronProblem(cron);
  if (wrong !== null) {
    const expected = `such as ${quote(wrong.nearest)} (second, minute, hour, day of month, month, day of week, in UTC)`;
    errors.push(yaml.finding([...at, 'cron'], `${quote(cron ?? '')}: ${wrong.problem}, expected a line ${expected}`));
  }
  checkColumns([...at, 'columns'], source, errors);
}

/** Fields of a start request that mean something else already. */
const TAKEN_FIELDS = ['all', 'as_of', 'batch'];

function checkEndpoints(group: string, { yaml }: PackSource, errors: Finding[]): void {
  const at = ['endpoints', group];
  if (OWN_GROUPS.includes(group)) {
    const message = `the group ${quote(group)} is the platform's own, expected another name`;
    errors.push(yaml.finding(at, message, 'key'));
  }
  const schedules = keysAt(yaml, ['schedules']);
  for (const name of keysAt(yaml, at)) {
    const path = [...at, name];
    const schedule = textAt(yaml, [...path, 'schedule']);
    if (schedule !== null && !schedules.includes(schedule)) {
      const message = `unknown schedule ${quote(schedule)}, expected ${oneOf(schedules)}`;
      errors.push(yaml.finding([...path, 'schedule'], message + didYouMean(schedule, schedules)));
    }
    const target = textAt(yaml, [...path, 'target_field']);
    const targets = textAt(yaml, [...path, 'targets_field']);
    for (const [key, field, other] of [
      ['target_field', target, 'targets'],
      ['targets_field', targets, 'target'],
    ] as const) {
      if (field === null || ![...TAKEN_FIELDS, other].includes(field)) continue;
      const message = `${quote(field)} means something else in a request, expected another name`;
      errors.push(yaml.finding([...path, key], message));
    }
    if (target !== null && target === targets) {
      errors.push(
        yaml.finding([...path, 'targets_field'], `is ${quote(target)} like target_field, expected another name`),
      );
    }
  }
}

function checkAgentName(path: string[], name: string | null, source: PackSource, errors: Finding[]): void {
  const agents = [...agentsByName(source).keys()];
  if (name === null || mayBeAgent(source, name)) return;
  const message = `unknown agent ${quote(name)}, expected ${oneOf(agents)}${didYouMean(name, agents)}`;
  errors.push(source.yaml.finding(path, message));
}

/** Fields of a payload schema; `closed` when it refuses others. Null when it has no JSON form, which is reported elsewhere. */
function shapeOf(schema: Parameters<typeof jsonSchemaOf>[0]): { fields: string[]; closed: boolean } | null {
  try {
    const shown = jsonSchemaOf(schema);
    return { fields: propertiesOf(shown), closed: shown.additionalProperties === false };
  } catch {
    return null;
  }
}
