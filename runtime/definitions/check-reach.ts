import { countAt, textAt, textsAt } from './located.ts';
import type { Finding } from './resolved.ts';
import { agentsByName, type AgentSource, type PackSource } from './source.ts';
import { quote, valueAt } from './words.ts';

const RULES = ['autonomy', 'escalation_rules'];

/**
 * What is written down but can never come to be: agents that nobody starts, sub-agents beyond the depth of every root,
 * rules that hand over to a parent that is not there. Legal, since another agent or a later file may change it: warnings.
 * A file that is broken hides only what hangs on it. Cycles are reported elsewhere. Pure.
 */
export function checkReach(source: PackSource): Finding[] {
  const warnings: Finding[] = [];
  const agents = agentsByName(source);
  const remaining = remainingDepths(agents);
  const broken = source.agents.filter(({ name }) => name === null);
  const mentioned = (name: string) => broken.some(({ text }) => text === '' || text.includes(name));
  // A file that nobody can read may begin a way that is longer.
  const allWays = broken.length === 0 && [...agents.values()].every((agent) => isMain(agent) || isSub(agent));
  for (const [name, agent] of agents) {
    const { yaml } = agent;
    const main = isMain(agent);
    if (isSub(agent) && !remaining.has(name) && !isListed(name, agents) && !mentioned(name)) {
      warnings.push(
        yaml.finding(['metadata', 'role'], `${quote(name)} is never started, expected it in sub_agents of an agent`),
      );
    }
    // 0 of its own is an error already; here the depth of those above it is used up.
    if (allWays && remaining.get(name) === 0 && depthOf(agent) > 0) {
      for (const { text, path } of textsAt(yaml, ['sub_agents'])) {
        const message = `${quote(text)} is out of reach, expected a larger autonomy.max_delegation_depth above ${name}`;
        warnings.push(yaml.finding(path, message));
      }
    }
    for (let index = 0; main && index < countAt(yaml, RULES); index++) {
      const path = [...RULES, index, 'target'];
      if (textAt(yaml, path) !== 'parent') continue;
      warnings.push(
        yaml.finding(
          path,
          'a run that is started from outside has no parent, expected human or an agent of role sub_agent',
        ),
      );
    }
  }
  return warnings;
}

/** Agent → the most delegations that can still follow below it, over every way from an agent of role main. */
function remainingDepths(agents: ReadonlyMap<string, AgentSource>): Map<string, number> {
  const remaining = new Map<string, number>();
  const visit = (name: string, left: number): void => {
    const agent = agents.get(name);
    if (!agent || left <= (remaining.get(name) ?? -1)) return;
    remaining.set(name, left);
    if (left === 0) return;
    for (const below of allowedOf(agent)) {
      const next = agents.get(below);
      if (next) visit(below, Math.min(depthOf(next), left - 1));
    }
  };
  for (const [name, agent] of agents) if (isMain(agent)) visit(name, depthOf(agent));
  return remaining;
}

/** Sub-agents that are listed and allowed; a listed one that is not allowed has a warning of its own. */
function allowedOf({ yaml }: AgentSource): string[] {
  const allowed = textsAt(yaml, ['autonomy', 'allowed_sub_agents']).map(({ text }) => text);
  return textsAt(yaml, ['sub_agents'])
    .map(({ text }) => text)
    .filter((name) => allowed.includes(name));
}

function isListed(name: string, agents: ReadonlyMap<string, AgentSource>): boolean {
  return [...agents.values()].some(({ yaml }) => textsAt(yaml, ['sub_agents']).some(({ text }) => text === name));
}

function isMain({ yaml }: AgentSource): boolean {
  return textAt(yaml, ['metadata', 'role']) === 'main';
}

function isSub({ yaml }: AgentSource): boolean {
  return textAt(yaml, ['metadata', 'role']) === 'sub_agent';
}

function depthOf({ yaml }: AgentSource): number {
  return Number(valueAt(yaml.data, ['autonomy', 'max_delegation_depth'])) || 0;
}
