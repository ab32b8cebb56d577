import { defineTool, type Tool, z } from 'agent-platform/sdk';
import type { CustomerData } from '../data/open.ts';

const Input = z.strictObject({ account_id: z.string().min(1).describe('The id of the account, as in the payload.') });

/** Result: `AccountLifecycle`. Throws `target.unknown`. */
export function getAccountLifecycle(): Tool<z.infer<typeof Input>, CustomerData> {
  return defineTool({
    name: 'get_account_lifecycle',
    description:
      'The contract of one account: lifecycle stage, plan tier, monthly recurring revenue, age, renewal date and days ' +
      'left (negative when it is past, null when the data names no renewal), the owning customer-success manager with ' +
      'the internal channel, and the contacts at the customer.',
    input: Input,
    subject: (input) => input.account_id,
    run: (input, { source, asOf }) => source.lifecycle(input.account_id, asOf),
  });
}
