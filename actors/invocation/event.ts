import type { CallState } from '../../runtime/context/invocation.ts';
import type { ResolvedAgent } from '../../runtime/definitions/resolved.ts';
import { own } from '../../runtime/definitions/words.ts';
import type { Invocation } from '../../runtime/journal/entry.ts';
import type { JsonObject } from '../../runtime/json.ts';
import type { EmitInput } from '../../runtime/tools/builtin.ts';
import { eventData } from '../../runtime/tools/inputs.ts';
import type { TopicEvent } from '../../runtime/topics/topics.ts';

/** The event that a call emits, under the id of its effect. Pure. */
export function callEvent(
  invocation: Invocation,
  call: Pick<CallState, 'input'>,
  id: string,
  { topics = {} }: Pick<ResolvedAgent, 'topics'>,
): TopicEvent {
  const { topic, data } = call.input as EmitInput;
  const { address, agent, subject, trace } = invocation;
  const { tenant, run } = address;
  const template = own(topics, topic);
  const to = template === undefined ? {} : { template };
  return { id, topic, ...to, tenant, agent, subject, data: eventData(data as JsonObject, run), trace };
}
