import assert from 'node:assert/strict';
import { core } from '../../runtime/context/layers.ts';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import { readConversation } from '../../runtime/model/conversation.ts';
import { replyOf } from '../../runtime/model/played.ts';
import type { ModelRequest } from '../../runtime/model/provider.ts';
import type { Answer, SentBody } from './messages-api.ts';

/** What a cached prefix costs less: so that tests see all four kinds of tokens. */
const USAGE = {
  input_tokens: 1000,
  output_tokens: 200,
  cache_read_input_tokens: 4000,
  cache_creation_input_tokens: 500,
};

/** Answers like the pack's players, who read nothing but what came over the wire. Each answer begins with reasoning. */
export function playedAnswers(catalog: Catalog): (body: SentBody) => Answer {
  return (body) => {
    const { agent, player } = whose(catalog, body);
    const request = { agent, tools: body.tools, messages: body.messages } as unknown as ModelRequest;
    const { content } = replyOf('', request, player(readConversation(request)));
    const calls = body.messages.length;
    const named = content.map((block) => ({ ...block, ...('id' in block && { id: `toolu_${block.id}` }) }));
    const thinking = { type: 'thinking', thinking: '', signature: `signed ${agent} ${calls}` };
    return { content: [thinking, ...named], usage: USAGE };
  };
}

function whose(catalog: Catalog, { system }: SentBody) {
  const [first] = Array.isArray(system) ? system : [];
  const hosted = catalog.agents().find(({ resolved }) => core(resolved) === first?.text);
  const agent = hosted?.resolved.definition.metadata.name ?? '';
  const player = hosted?.pack.code.players[agent];
  assert.ok(player, `no player for the system prompt ${first?.text.slice(0, 80)}`);
  return { agent, player };
}
