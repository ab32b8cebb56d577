import type { ModelReply } from '../../runtime/model/provider.ts';
import type { RunTold } from './oracle.ts';
import type { Chance } from './random.ts';

const BABBLE = 'babble';
const TOOLS = ['submit_report', 'no_such_tool', 'store_memory', 'get_account_metrics'] as const;

/** A reply that makes no sense: no block at all, or a call of some tool with some input. */
export function babble(chance: Chance): ModelReply {
  const usage = { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 };
  const input = chance.pick([null, 'no object', { topic: 7 }]) ?? null;
  const name = chance.pick(TOOLS) ?? TOOLS[0];
  const id = `babble-${Math.floor(chance.between(0, 1e9))}`;
  const content = chance.happens(0.3) ? [] : [{ type: 'tool_use' as const, id, name, input }];
  return { model: BABBLE, content, stop_reason: content.length > 0 ? 'tool_use' : 'end_turn', usage };
}

/** Whether a turn of the run was such a reply: a player that reads it may take a call for its own. */
export function babbled({ invocations }: RunTold): boolean {
  return invocations.some(({ entries }) =>
    entries.some(({ events }) => events.some((event) => event.type === 'model.replied' && event.model === BABBLE)),
  );
}
