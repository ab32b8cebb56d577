import {
  delegateOf,
  delegateTool,
  EMIT_EVENT,
  ESCALATE,
  RECALL_MEMORY,
  STORE_MEMORY,
  SUBMIT_REPORT,
} from '../tools/builtin.ts';
import { checkPolicy } from './check-policy.ts';
import { checkReach } from './check-reach.ts';
import { textAt, textsAt } from './located.ts';
import type { Finding } from './resolved.ts';
import { type AgentSource, agentsByName, mayBeAgent, packIsKnown, type PackSource } from './source.ts';
import { didYouMean, oneOf, type Path, quote, valueAt } from './words.ts';

/**
 * What a schema cannot see: whether the names in agent files refer to something. It reads the raw document, so that an
 * agent that is wrong in one place is still checked in all others. Pure.
 */
export function checkAgents(source: PackSource): { errors: Finding[]; warnings: Finding[] } {
  const found = { errors: [] as Finding[], warnings: [] as Finding[] };
  for (const agent of source.agents) {
    checkTools(agent, source, found.errors);
    checkSubAgents(agent, source, found);
    checkMemory(agent, source, found.errors);
    checkPolicy(agent, source, found);
  }
  checkDuplicates(source, found.errors);
  checkCycles(source, found.errors);
  found.warnings.push(...checkReach(source));
  return found;
}

type Found = ReturnType<typeof checkAgents>;

const TOOLS = ['tools'];
const SUB_AGENTS = ['sub_agents'];
const ALLOWED = ['autonomy', 'allowed_sub_agents'];
const DEPTH = ['autonomy', 'max_delegation_depth'];
const SCOPES = ['memory_config', 'shared_context_scopes'];
const LONG_TERM = ['memory_config', 'long_term_enabled'];

function checkTools({ yaml }: AgentSource, source: PackSource, errors: Finding[]): void {
  const subAgents = texts(textsAt(yaml, SUB_AGENTS));
  const agents = [...agentsByName(source).keys()];
  const packTools = source.code?.tools.map(({ name }) => name) ?? null;
  const known = [...(packTools ?? []), RECALL_MEMORY, STORE_MEMORY, EMIT_EVENT, ...subAgents.map(delegateTool)];
  const seen = new Set<string>();
  for (const { text, path } of textsAt(yaml, TOOLS)) {
    const fail = (message: string) => errors.push(yaml.finding(path, message));
    const delegate = delegateOf(text);
    if (seen.has(text)) fail(`${quote(text)} is listed twice, expected it once`);
    else if (text === ESCALATE || text === SUBMIT_REPORT)
      fail(`${quote(text)} is added by the runtime, expected it not to be listed`);
    else if (delegate !== null && subAgents.includes(delegate)) seen.add(text);
    else if (delegate !== null && agents.includes(delegate)) {
      fail(`${quote(delegate)} is not in sub_agents, expected it there or no ${text} here`);
    } else if (text === EMIT_EVENT && source.manifest !== null && Object.keys(source.manifest.topics).length === 0) {
      fail(`the pack declares no topic to emit to, expected topics in pack.yaml`);
    } else if (!known.includes(text) && packTools !== null) {
      fail(`unknown tool ${quote(text)}, expected ${oneOf(known)}${didYouMean(text, known)}`);
    }
    seen.add(text);
  }
}

function checkSubAgents({ yaml, name }: AgentSource, source: PackSource, { errors, warnings }: Found): void {
  const listed = textsAt(yaml, SUB_AGENTS);
  const allowed = textsAt(yaml, ALLOWED);
  const tools = texts(textsAt(yaml, TOOLS));
  const agents = [...agentsByName(source).keys()];
  repeated(listed, (path, text) => errors.push(yaml.finding(path, `${quote(text)} is listed twice, expected it once`)));
  for (const { text, path } of listed) {
    if (!agents.includes(text)) {
      const others = agents.filter((other) => other !== name);
      if (!mayBeAgent(source, text)) {
        errors.push(
          yaml.finding(path, `unknown agent ${quote(text)}, expected ${oneOf(others)}${didYouMean(text, others)}`),
        );
      }
      continue;
    }
    if (!tools.includes(delegateTool(text))) {
      warnings.push(yaml.finding(path, `${quote(text)} is never started, expected ${delegateTool(text)} in tools`));
    }
    if (!texts(allowed).includes(text)) {
      warnings.push(yaml.finding(path, `${quote(text)} will be refused, expected it in autonomy.allowed_sub_agents`));
    }
  }
  for (const { text, path } of allowed) {
    if (texts(listed).includes(text)) continue;
    errors.push(
      yaml.finding(
        path,
        `${quote(text)} is not in sub_agents, expected ${oneOf(texts(listed))}${didYouMean(text, texts(listed))}`,
      ),
    );
  }
  if (listed.length > 0 && valueAt(yaml.data, DEPTH) === 0) {
    errors.push(
      yaml.finding(DEPTH, `got 0, so that ${texts(listed).join(', ')} can never be reached, expected at least 1`),
    );
  }
}

function checkMemory({ yaml }: AgentSource, source: PackSource, errors: Finding[]): void {
  for (const { text, path } of textsAt(yaml, TOOLS)) {
    if ((text === RECALL_MEMORY || text === STORE_MEMORY) && valueAt(yaml.data, LONG_TERM) === false) {
      errors.push(
        yaml.finding(path, `${quote(text)} needs long-term memory, expected memory_config.long_term_enabled: true`),
      );
    }
  }
  if (!packIsKnown(source)) return;
  const scopes = texts(textsAt(source.yaml, ['scopes']));
  for (const { text, path } of textsAt(yaml, SCOPES)) {
    if (scopes.includes(text)) continue;
    errors.push(
      yaml.finding(
        path,
        `unknown scope ${quote(text)}, expected ${oneOf(scopes)} (declared in pack.yaml)${didYouMean(text, scopes)}`,
      ),
    );
  }
}

function checkDuplicates({ agents }: PackSource, errors: Finding[]): void {
  for (const key of ['id', 'name']) {
    const first = new Map<string, string>();
    for (const { yaml } of agents) {
      const path = ['metadata', key];
      const text = textAt(yaml, path);
      if (text === null) continue;
      const other = first.get(text);
      if (other === undefined) first.set(text, yaml.file);
      else
        errors.push(
          yaml.finding(
            path,
            `${quote(text)} is already the ${key} of the agent in ${other}, expected ${key === 'id' ? 'an' : 'a'} ${key} of its own`,
          ),
        );
    }
  }
}

/** Each cycle is reported once, in the first of its agents. */
function checkCycles(source: PackSource, errors: Finding[]): void {
  const agents = [...agentsByName(source)];
  const order = new Map(agents.map(([name], index) => [name, index]));
  const edges = new Map(agents.map(([name, { yaml }]) => [name, textsAt(yaml, SUB_AGENTS)]));
  for (const [start, { yaml }] of agents) {
    for (const { text, path } of edges.get(start) ?? []) {
      if ((order.get(text) ?? -1) < (order.get(start) ?? 0)) continue;
      const way = wayBack(text, start, (name) =>
        (edges.get(name) ?? [])
          .map((edge) => edge.text)
          .filter((next) => (order.get(next) ?? -1) >= (order.get(start) ?? 0)),
      );
      if (way)
        errors.push(
          yaml.finding(path, `delegation cycle ${way.join(' → ')}, expected no agent to come back to itself`),
        );
    }
  }
}

/** The names from `from` back to `goal`, breadth first; null when no way leads there. */
function wayBack(from: string, goal: string, next: (name: string) => string[]): string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  for (const at of cameFrom.keys()) {
    if (at === goal) {
      const way: string[] = [];
      for (let step: string | null = at; step !== null; step = cameFrom.get(step) ?? null) way.unshift(step);
      return [goal, ...way];
    }
    for (const step of next(at)) if (!cameFrom.has(step)) cameFrom.set(step, at);
  }
  return null;
}

function repeated(items: readonly { text: string; path: Path }[], report: (path: Path, text: string) => void): void {
  const seen = new Set<string>();
  for (const { text, path } of items) {
    if (seen.has(text)) report(path, text);
    seen.add(text);
  }
}

function texts(items: readonly { text: string }[]): string[] {
  return items.map(({ text }) => text);
}
