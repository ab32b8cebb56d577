import { defineTool, type ToolContext, z } from 'agent-platform/sdk';
import type { CustomerData } from '../data/open.ts';
import { AccountMetrics } from '../facts.ts';
import type { Playbook } from '../playbook.ts';

const Input = z.strictObject({ account_id: z.string().min(1).describe('The id of the account, as in the payload.') });

/** Throws `target.unknown`. */
export function getAccountMetrics({ usage, adoption, tickets, nps }: Playbook) {
  return defineTool({
    name: 'get_account_metrics',
    description:
      `The figures of one account, each with its window and the figure it is compared with: weekly active users over ` +
      `${usage.window_days} days, feature adoption over ${adoption.window_days} days, tickets and escalated tickets ` +
      `over ${tickets.window_days} days, NPS over ${nps.window_days} days. Shares are fractions (-0.35 is -35 %). A ` +
      `figure that the data does not cover is null, with the reason.`,
    input: Input,
    output: AccountMetrics,
    subject: (input) => input.account_id,
    run: (input, { source, asOf }: ToolContext<CustomerData>) => source.metrics(input.account_id, asOf),
  });
}
