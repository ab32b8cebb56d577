import type { AgentDefinition } from '../definitions/schema.ts';
import type { Invocation, Verdict } from '../journal/entry.ts';
import { shortOf } from './budget.ts';

/**
 * Who may start. One function, asked twice: in the parent's turn before a delegation is sent (a refusal is a tool error
 * there), and by the supervisor that is to run the invocation, for roots and children alike.
 */
export interface AdmissionRequest {
  invocation: Invocation;
  /** Null when no pack of this worker defines the agent. */
  definition: AgentDefinition | null;
  /** Whether the pack says where in a root's payload its subject is, so that a root must have one. */
  subject_required: boolean;
}

export interface Admission {
  /** Every rule in order; the first that fails refuses. */
  verdicts: Verdict[];
  admitted: boolean;
  /** Levels of agents that this invocation may start below itself; 0 when it is refused. */
  remaining: number;
}

/** A rule's finding: null when it holds, else what was found. */
type Rule = (request: AdmissionRequest) => string | null;

const RULES: Record<string, Rule> = {
  'agent.known': ({ invocation, definition }) =>
    definition === null ? `no agent is called ${invocation.agent}` : null,

  'role.allows_start': ({ invocation, definition }) => {
    if (definition === null) return 'the role of an unknown agent cannot be told';
    if (!isRoot(invocation) || definition.metadata.role === 'main') return null;
    return `${invocation.agent} has the role sub_agent: it starts only by delegation`;
  },

  'depth.left': ({ invocation }) =>
    isRoot(invocation) || (invocation.parent_remaining ?? 0) >= 1
      ? null
      : `${starter(invocation)} has no delegation depth left`,

  'delegate.allowed': ({ invocation }) =>
    isRoot(invocation) || invocation.parent_allows?.includes(invocation.agent)
      ? null
      : `${starter(invocation)} may start ${invocation.parent_allows?.join(', ') || 'no agent'}, not ${invocation.agent}`,

  'delegate.no_cycle': ({ invocation }) =>
    invocation.ancestors.includes(invocation.agent)
      ? `${invocation.agent} is already above: ${[...invocation.ancestors, invocation.agent].join(' → ')}`
      : null,

  'budget.left': ({ invocation }) => shortOf(invocation.grant),

  'payload.valid': ({ invocation, subject_required }) => {
    const { payload, subject } = invocation;
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
      return 'the payload is not an object';
    return subject_required && isRoot(invocation) && !subject ? 'the payload does not say what the run is about' : null;
  },
};

export function admit(request: AdmissionRequest): Admission {
  const verdicts = Object.entries(RULES).map(([rule, find]): Verdict => {
    const found = find(request);
    return { rule, ok: found === null, reason: found ?? '' };
  });
  const admitted = verdicts.every((verdict) => verdict.ok);
  return { verdicts, admitted, remaining: admitted ? remainingDepth(request) : 0 };
}

function remainingDepth({ invocation, definition }: AdmissionRequest): number {
  const own = definition?.autonomy.max_delegation_depth ?? 0;
  return invocation.parent_remaining === null ? own : Math.min(own, invocation.parent_remaining - 1);
}

/** A run that a schedule started is a root too: a batch is told its report, but hands down no depth. */
function isRoot({ parent_remaining, parent_allows }: Invocation): boolean {
  return parent_remaining === null && parent_allows === null;
}

function starter({ parent }: Invocation): string {
  return parent?.agent ?? 'the caller';
}
