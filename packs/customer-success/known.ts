import type { Json, JsonObject, Recalled } from 'agent-platform/sdk';
import type { AccountLifecycle, AccountMetrics } from './facts.ts';
import { oneLine } from './wording.ts';

/** What a check knows of its account, read from facts: tool name → result. Null is what no tool has told (yet). */
export interface Known {
  metrics: AccountMetrics | null;
  lifecycle: AccountLifecycle | null;
  /** Null before memory was recalled; empty when it holds nothing. */
  memories: Recalled[] | null;
}

/** The results are the pack's own tools' and the runtime's, whose shapes `facts.ts` and the memory contract declare. */
export function readFacts(facts: JsonObject): Known {
  const recalled = object(facts.recall_memory)?.memories;
  return {
    metrics: object(facts.get_account_metrics) as AccountMetrics | null,
    lifecycle: object(facts.get_account_lifecycle) as AccountLifecycle | null,
    memories: Array.isArray(recalled) ? (recalled as unknown as Recalled[]) : null,
  };
}

/** The account's name as people know it; null before any tool has told it. */
export function accountName(known: Known): string | null {
  const name = known.lifecycle?.account_name ?? known.metrics?.account_name;
  return name === undefined ? null : oneLine(name);
}

/** An account that is gone is not checked: nothing about it is a risk any more, or a question for a person. */
export function hasChurned({ lifecycle }: Known): boolean {
  return lifecycle?.stage === 'churned';
}

/** A JSON object as such, anything else as null. */
export function object(value: unknown): (JsonObject & object) | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, Json>) : null;
}
