import {
  type Conversation,
  defineCode,
  definePack,
  defineTool,
  type PlayerTurn,
  resultOf,
  z,
} from 'agent-platform/sdk';
import { column, defineTables, type SourceOf } from 'agent-platform/tables';

/** The tables of a data folder: here one, `items.csv`. */
const stock = defineTables({
  tables: {
    items: {
      key: 'item',
      columns: {
        item: column.id(),
        counted: column.date({ observed: true }),
        /** Empty when nobody has counted it. */
        count: column.amount({ empty: true }),
      },
    },
  },
  subjects: { table: 'items', called: 'item' },
  targets: { items: () => true },
});
/** A data folder, opened once by each worker. */
type Stock = SourceOf<typeof stock>;

const LOW_BELOW = 10;

const getItem = defineTool({
  name: 'get_item',
  description: 'How many there are of one item; null when nobody has counted it.',
  input: z.strictObject({ item: z.string() }),
  output: z.strictObject({ item: z.string(), counted: z.string(), count: z.number().nullable() }),
  subject: ({ item }) => item,
  run: async ({ item }, { source }: { source: Stock }) => source.subject(item),
});

/** Plays the agent by the rules of its prompt, so that the pack runs without a model. */
function player(conversation: Conversation): PlayerTurn {
  const item = String(conversation.task.payload.item);
  const [looked, told] = conversation.calls;
  if (looked === undefined) return { calls: [{ name: getItem.name, input: { item } }] };
  const count = resultOf(conversation, getItem)?.count ?? null;
  if (count === null) return { text: `Nobody has counted ${item}.` };
  if (count >= LOW_BELOW) return { text: `There are ${count} ${item}, which is enough.` };
  if (told === undefined) {
    return { calls: [{ name: 'emit_event', input: { topic: 'my_pack_low', data: { item, count } } }] };
  }
  return { text: `There are only ${count} ${item}.` };
}

export default definePack({
  parameters: {},
  create: () =>
    defineCode({
      tools: [getItem],
      agents: ['my_pack'],
      conditions: {
        /** The evidence in words, or null when the rule does not hold. */
        count_unknown: ({ facts: { get_item: found } }) =>
          found?.count === null ? `nobody has counted ${found.item}` : null,
      },
      schemas: { Low: z.strictObject({ item: z.string(), count: z.number(), run: z.string() }) },
      reports: {},
      players: { my_pack: player },
      open: (folder) => stock.open(folder),
      check: stock.check,
    }),
});
