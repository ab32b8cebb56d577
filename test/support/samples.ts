import { emptyInvocation, type InvocationContext, type TurnState } from '../../runtime/context/invocation.ts';
import type { ResolvedAgent, ResolvedTool } from '../../runtime/definitions/resolved.ts';
import { AgentDefinition, type Budget, type EnforceRule } from '../../runtime/definitions/schema.ts';
import type { Invocation } from '../../runtime/journal/entry.ts';
import type { JsonObject } from '../../runtime/json.ts';

/** A library's agents, for tests of the pure core: `librarian` (main) may send `finder` (sub-agent). */
export interface AgentSample {
  name?: string;
  role?: 'main' | 'sub_agent';
  depth?: number;
  allowed?: string[];
  approvals?: string[];
  rules?: AgentDefinition['autonomy']['escalation_rules'];
  decided?: string[];
  enforce?: EnforceRule[];
  budget?: Budget;
  human?: AgentDefinition['autonomy']['human'];
  window?: number;
  longTerm?: boolean;
  scopes?: string[];
  style?: 'conservative' | 'balanced' | 'assertive';
  tools?: ResolvedTool[];
  reportSchema?: JsonObject | null;
}

export function sampleDefinition(sample: AgentSample = {}): AgentDefinition {
  const name = sample.name ?? 'librarian';
  const allowed = sample.allowed ?? ['finder'];
  return AgentDefinition.parse({
    apiVersion: 'agent-platform/v1',
    kind: 'Agent',
    metadata: { id: `${name}-1`, name, version: '1.0.0', role: sample.role ?? 'main', model_tier: 'main' },
    core_context: {
      system_prompt: { file: 'librarian.md' },
      identity: 'The librarian of a small town.',
      hard_constraints: ['Lend no book twice.'],
      characteristics: { personality: 'patient', decision_style: sample.style ?? 'balanced', tone: 'plain' },
    },
    sub_agents: allowed,
    memory_config: {
      working_memory_window: sample.window ?? 10,
      long_term_enabled: sample.longTerm ?? false,
      shared_context_scopes: sample.scopes ?? [],
    },
    autonomy: {
      max_delegation_depth: sample.depth ?? 2,
      requires_human_approval: sample.approvals ?? [],
      allowed_sub_agents: allowed,
      escalation_rules: sample.rules ?? [],
      enforce: sample.enforce,
      budget: sample.budget,
      human: sample.human,
    },
  });
}

export function sampleTool(name: string, kind: ResolvedTool['kind'], delegate?: string): ResolvedTool {
  const tool = { name, kind, description: `${kind}s something`, input_schema: { type: 'object' } };
  return delegate === undefined ? tool : { ...tool, delegate };
}

export const SAMPLE_TOOLS: ResolvedTool[] = [
  sampleTool('look_up', 'read'),
  sampleTool('emit_event', 'emit'),
  sampleTool('store_memory', 'store'),
  sampleTool('delegate_to_finder', 'delegate', 'finder'),
  sampleTool('escalate', 'escalate'),
];
export const SUBMIT = sampleTool('submit_report', 'report');

export function sampleAgent(sample: AgentSample = {}): ResolvedAgent {
  return {
    pack: 'library',
    definition: sampleDefinition(sample),
    prompt: 'Find the book that the reader asks for.',
    tools: sample.tools ?? SAMPLE_TOOLS,
    decided_conditions: sample.decided ?? [],
    report_topics: [],
    report_schema: sample.reportSchema ?? null,
  };
}

export function sampleInvocation(overrides: Partial<Invocation> = {}): Invocation {
  return {
    address: { tenant: 'town', run: 'r-1', path: '0' },
    agent: 'librarian',
    instructions: 'Find the atlas.',
    payload: { shelf: 'B7' },
    subject: 'atlas',
    as_of: '2026-11-16',
    data: null,
    parent: null,
    ancestors: [],
    parent_remaining: null,
    parent_allows: null,
    facts: {},
    trace: { correlation_id: 'c-1' },
    ...overrides,
  };
}

export function sampleState(overrides: Partial<InvocationContext> = {}): InvocationContext {
  return { ...emptyInvocation(), invocation: sampleInvocation(), remaining: 2, ...overrides };
}

/** A settled turn with one `look_up` call. */
export function sampleTurn(
  ordinal: number,
  outcome: { ok: true; result: JsonObject } | { ok: false; error: string },
): TurnState {
  const id = `call-${ordinal}`;
  return {
    ordinal,
    content: [{ type: 'tool_use', id, name: 'look_up', input: { turn: ordinal } }],
    calls: [
      {
        ordinal: ordinal + 1,
        id,
        name: 'look_up',
        kind: 'read',
        input: { turn: ordinal },
        verdicts: [],
        status: outcome.ok ? 'ok' : 'error',
        result: outcome.ok ? outcome.result : outcome.error,
        created: null,
      },
    ],
    correction: null,
    remark: null,
  };
}
