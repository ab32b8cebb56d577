import { riskAnalysis } from '../../packs/customer-success/player/risk-analysis.ts';
import type { JsonObject } from '../../runtime/sdk.ts';
import { ACME_HISTORY, play, playbook } from './accounts.ts';
import { ACCOUNT, type Call, type Input } from './customer-policy.ts';

/** What the player of risk_analysis does about Acme. */
export const PLAYED = play(
  riskAnalysis(playbook),
  { facts: ACCOUNT as unknown as JsonObject },
  { recall_memory: { memories: ACME_HISTORY } },
);

/** A call of it, to be spoilt. */
export function good(name: string, change: (input: Input) => void = () => {}): Call {
  const input = structuredClone(PLAYED.calls.find((call) => call.name === name)?.input) as unknown as Input;
  change(input);
  return { name, input };
}
