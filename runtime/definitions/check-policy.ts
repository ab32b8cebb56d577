import { checkExpression, constantOf, constantOverCounts } from '../policy/expression.ts';
import type { Shape } from '../policy/shapes.ts';
import { delegateOf, ESCALATE, RECALL_MEMORY, SUBMIT_REPORT } from '../tools/builtin.ts';
import { countAt, textAt, textsAt } from './located.ts';
import type { Finding } from './resolved.ts';
import { resultShapes, wrongField } from './result-shapes.ts';
import type { AgentSource, PackSource } from './source.ts';
import { didYouMean, oneOf, own, type Path, quote } from './words.ts';

/**
 * Whether an agent's rules can be decided, and can ever come to be: a rule that never fires protects nobody, so it is an
 * error, as is one that two decide. Pure.
 */
export function checkPolicy(agent: AgentSource, source: PackSource, found: Found): void {
  const policy = policyOf(agent, source, found);
  for (const { text, path } of textsAt(agent.yaml, APPROVAL)) {
    if (!policy.may.includes(text)) policy.fail(path, notItsTool(policy, text, policy.may));
  }
  checkEscalation(policy, source);
  checkEnforce(policy, source);
  checkDecider(policy, ['autonomy', 'human']);
}

const APPROVAL = ['autonomy', 'requires_human_approval'];
const RULES = ['autonomy', 'escalation_rules'];
const ENFORCE = ['autonomy', 'enforce'];

interface Found {
  errors: Finding[];
  warnings: Finding[];
}

interface Policy {
  agent: AgentSource;
  /** Its own tools. */
  tools: string[];
  /** Delegate tools whose calls are always refused: nothing comes before them. */
  refused: string[];
  /** What a rule may be asked before: its other tools, and `report`. */
  may: string[];
  /** Tools whose results may be facts; null when no pack says which there are. */
  facts: string[] | null;
  /** What results are, by tool, as far as output schemas say. */
  results: Record<string, Shape>;
  fail(path: Path, message: string): void;
  add(error: Finding): void;
  warn(path: Path, message: string): void;
}

function policyOf(agent: AgentSource, source: PackSource, { errors, warnings }: Found): Policy {
  const { code } = source;
  const { yaml, name } = agent;
  const tools = textsAt(yaml, ['tools']).map(({ text }) => text);
  const allowed = textsAt(yaml, ['autonomy', 'allowed_sub_agents']).map(({ text }) => text);
  const refused = tools.filter((tool) => {
    const agent = delegateOf(tool);
    return agent !== null && !allowed.includes(agent);
  });
  const submits = name !== null && code !== null && Object.hasOwn(code.reports, name);
  return {
    agent,
    tools,
    refused,
    may: [...tools.filter((tool) => !refused.includes(tool)), ...(submits ? [SUBMIT_REPORT] : []), 'report'],
    facts:
      code === null ? null : factsOf(agent, source, tools, [...code.tools.map((tool) => tool.name), RECALL_MEMORY]),
    results: resultShapes(code),
    add: (error) => errors.push(error),
    fail: (path, message) => errors.push(yaml.finding(path, message)),
    warn: (path, message) => warnings.push(yaml.finding(path, message)),
  };
}

/** Facts are handed down: an agent that nobody delegates to has its own only. */
function factsOf(agent: AgentSource, { agents }: PackSource, tools: string[], all: string[]): string[] {
  const mayBeDelegate =
    agents.length === 0 ||
    agents.some(
      ({ name, yaml }) => name === null || textsAt(yaml, ['sub_agents']).some(({ text }) => text === agent.name),
    );
  return mayBeDelegate ? all : all.filter((fact) => tools.includes(fact));
}

function checkEscalation(policy: Policy, { code }: PackSource): void {
  const { yaml } = policy.agent;
  const seen = new Set<string>();
  for (const rule of itemsAt(policy, RULES)) {
    const path = [...rule, 'condition'];
    const condition = textAt(yaml, path);
    const when = textAt(yaml, [...rule, 'when']);
    if (condition !== null && seen.has(condition)) {
      policy.fail(path, `${quote(condition)} has two rules, expected one`);
    } else if (condition !== null && code !== null) {
      const inCode = Object.hasOwn(code.conditions, condition);
      if (when !== null && inCode) {
        const message = `the pack's module decides ${quote(condition)} as well, expected one of the two`;
        policy.fail([...rule, 'when'], message);
      } else if (when === null && !inCode) {
        const near = didYouMean(condition, Object.keys(code.conditions));
        const wanted = "expected `when`, or a condition of that name in the pack's module";
        policy.warn(path, `${quote(condition)} is decided by the model only, ${wanted}${near}`);
      }
    }
    if (condition !== null) seen.add(condition);
    checkBefore(policy, [...rule, 'before'], policy.may);
    checkText(policy, rule, 'when', false);
    checkDecider(policy, rule);
  }
}

function checkEnforce(policy: Policy, { code }: PackSource): void {
  const { yaml } = policy.agent;
  const escalates = countAt(yaml, RULES) > 0;
  const seen = new Set<string>();
  for (const rule of itemsAt(policy, ENFORCE)) {
    const path = [...rule, 'id'];
    const id = textAt(yaml, path);
    if (id !== null && seen.has(id)) policy.fail(path, `${quote(id)} is the id of two rules, expected one`);
    else if (id !== null && code !== null) {
      const checks = code.checks ?? {};
      const inCode = own(checks, id) !== undefined;
      if (textAt(yaml, [...rule, 'require']) === null) {
        const near = didYouMean(id, Object.keys(checks));
        const wanted = "expected `require`, or a check of that name in the pack's module";
        if (!inCode) policy.fail(path, `nothing decides ${quote(id)}, ${wanted}${near}`);
      } else if (inCode) {
        const message = `the pack's module decides ${quote(id)} as well, expected one of the two`;
        policy.fail([...rule, 'require'], message);
      }
    }
    if (id !== null) seen.add(id);
    checkBefore(policy, [...rule, 'before'], escalates ? [...policy.may, ESCALATE] : policy.may);
    checkText(policy, rule, 'require', true);
  }
}

/** Tools that the agent does not have are never called, so nothing can come before them. */
function checkBefore(policy: Policy, path: Path, may: readonly string[]): void {
  const {
    agent: { yaml },
    fail,
  } = policy;
  const named = textsAt(yaml, path);
  const never = named.length > 0 && named.every(({ text }) => !may.includes(text));
  for (const { text, path: at } of named) {
    if (may.includes(text)) continue;
    fail(at, notItsTool(policy, text, may, never ? ', so the rule can never fire' : ''));
  }
}

function notItsTool({ refused }: Policy, text: string, may: readonly string[], then = ''): string {
  if (refused.includes(text)) {
    return `${quote(text)} is always refused${then}, expected ${quote(delegateOf(text) ?? '')} in autonomy.allowed_sub_agents`;
  }
  return `${quote(text)} is not one of its tools${then}, expected ${oneOf(may)}${didYouMean(text, may)}`;
}

/** An expression that says `idle` whatever it is asked about never does anything. */
function checkText(policy: Policy, rule: Path, key: string, idle: boolean): void {
  const { agent, tools, facts, results, fail, add } = policy;
  const { yaml } = agent;
  const path = [...rule, key];
  // Without `before`, a rule is asked before the report too.
  const named = textsAt(yaml, [...rule, 'before']).map(({ text }) => text);
  const before = named.length > 0 ? named : ['report'];
  const text = textAt(yaml, path);
  if (text === null || text.trim() === '') return;
  const problem = checkExpression(text, { tools, facts, results });
  if (problem !== null) {
    add(yaml.findingInside(path, problem.offset, problem.message));
  } else if (constantOf(text) === idle || constantOverCounts(text, { noReport: !before.some(isReport) }) === idle) {
    fail(path, `it is always ${idle}, so the rule can never fire, expected an expression that depends on the run`);
  }
}

function isReport(name: string): boolean {
  return name === 'report' || name === SUBMIT_REPORT;
}

function checkDecider({ agent: { yaml }, facts, results, fail }: Policy, rule: Path): void {
  const path = [...rule, 'decides', 'fact'];
  const [, tool, ...fields] = textAt(yaml, path)?.split('/') ?? [];
  if (tool === undefined) return;
  if (facts !== null && !facts.includes(tool)) {
    fail(path, `no tool of the pack makes the fact ${quote(tool)}, expected ${oneOf(facts)}${didYouMean(tool, facts)}`);
    return;
  }
  const wrong = wrongField(
    results[tool] ?? {},
    fields.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
  );
  if (wrong !== null) fail(path, `facts.${[tool, ...fields].join('.')}: ${wrong}`);
}

function itemsAt({ agent }: Policy, path: Path): Path[] {
  return Array.from({ length: countAt(agent.yaml, path) }, (_, index) => [...path, index]);
}
