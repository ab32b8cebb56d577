import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Conversation, definePack, defineTool, type PlayerTurn, type Source, z } from 'agent-platform/sdk';

type Item = {
  item: string;
  /** Null when nobody has counted it. */
  count: number | null;
};

/** The data folder, opened once by each worker. */
interface Stock extends Source {
  item(name: string): Item;
}

const LOW_BELOW = 10;

async function openStock(folder: string): Promise<Stock> {
  const [, ...lines] = (await readFile(join(folder, 'items.csv'), 'utf8')).trim().split('\n');
  const items = new Map<string, Item>();
  let asOf = '';
  for (const line of lines) {
    const [item = '', counted = '', count = ''] = line.split(',');
    items.set(item, { item, count: count === '' ? null : Number(count) });
    if (counted > asOf) asOf = counted;
  }
  return {
    asOf,
    targets: async () => [...items.keys()].map((item) => ({ id: item, payload: { item } })),
    knows: async (item) => items.has(item),
    memories: async () => [],
    close: async () => {},
    item: (name) => {
      const found = items.get(name);
      if (found === undefined) throw new Error(`there is no item ${name}`);
      return found;
    },
  };
}

const getItem = defineTool({
  name: 'get_item',
  description: 'How many there are of one item; null when nobody has counted it.',
  input: z.strictObject({ item: z.string() }),
  subject: ({ item }) => item,
  run: async ({ item }, { source }: { source: Stock }) => ({ ...source.item(item) }),
});

/** Plays the agent by the rules of its prompt, so that the pack runs without a model. */
function player({ task, calls }: Conversation): PlayerTurn {
  const item = String(task.payload.item);
  const [looked, told] = calls;
  if (looked === undefined) return { calls: [{ name: 'get_item', input: { item } }] };
  const count = (looked.result as Item | null)?.count ?? null;
  if (count === null) return { text: `Nobody has counted ${item}.` };
  if (count >= LOW_BELOW) return { text: `There are ${count} ${item}, which is enough.` };
  if (told === undefined) {
    return { calls: [{ name: 'emit_event', input: { topic: 'my_pack_low', data: { item, count } } }] };
  }
  return { text: `There are only ${count} ${item}.` };
}

export default definePack({
  parameters: {},
  create: () => ({
    tools: [getItem],
    conditions: {
      /** The evidence in words, or null when the rule does not hold. */
      count_unknown: ({ facts }) => {
        const found = facts.get_item as Item | undefined;
        return found?.count === null ? `nobody has counted ${found.item}` : null;
      },
    },
    schemas: { Low: z.strictObject({ item: z.string(), count: z.number(), run: z.string() }) },
    reports: {},
    players: { my_pack: player },
    open: openStock,
    row: (_schedule, { target, outcome, facts }) => ({
      fields: { item: target, count: (facts.get_item as Item | undefined)?.count ?? null, state: outcome },
      rank: outcome === 'waiting' ? 0 : 1,
      tally: { states: outcome },
    }),
  }),
});
