import { defineTool, type ToolContext, z } from 'agent-platform/sdk';
import type { CustomerData } from '../data/open.ts';
import { AccountLifecycle } from '../facts.ts';

const Input = z.strictObject({ account_id: z.string().min(1).describe('The id of the account, as in the payload.') });

/** Throws `target.unknown`. */
export function getAccountLifecycle() {
  return defineTool({
    name: 'get_account_lifecycle',
    description:
      'The contract of one account: lifecycle stage, plan tier, monthly recurring revenue, age, renewal date and days ' +
      'left (negative when it is past, null when the data names no renewal), the owning customer-success manager with ' +
      'the internal channel, and the contacts at the customer.',
    input: Input,
    output: AccountLifecycle,
    subject: (input) => input.account_id,
    run: (input, { source, asOf }: ToolContext<CustomerData>) => source.lifecycle(input.account_id, asOf),
  });
}
