import type { CheckView, FactsOf, Json, JsonObject, Recalled } from 'agent-platform/sdk';
import type { AccountLifecycle, AccountMetrics } from './facts.ts';
import type { getAccountLifecycle } from './tools/get_account_lifecycle.ts';
import type { getAccountMetrics } from './tools/get_account_metrics.ts';
import { oneLine } from 'agent-platform/text';

/** What a check knows of its account, read from facts: tool name → result. Null is what no tool has told (yet). */
export interface Known {
  metrics: AccountMetrics | null;
  lifecycle: AccountLifecycle | null;
  /** Null before memory was recalled; empty when it holds nothing. */
  memories: Recalled[] | null;
}

/** Tool name → its latest result. */
export type Facts = FactsOf<[ReturnType<typeof getAccountMetrics>, ReturnType<typeof getAccountLifecycle>]>;

/** What a check may look at. */
export type View = CheckView<Facts>;

export function readFacts({ get_account_metrics, get_account_lifecycle, recall_memory }: Facts): Known {
  return {
    metrics: get_account_metrics ?? null,
    lifecycle: get_account_lifecycle ?? null,
    memories: recall_memory?.memories ?? null,
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
