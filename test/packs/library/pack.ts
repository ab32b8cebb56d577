import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Conversation, definePack, defineTool, type PlayerTurn, type Source, z } from 'agent-platform/sdk';

interface Shelf extends Source {
  state(book: string): string;
}

async function openShelf(folder: string): Promise<Shelf> {
  const lines = (await readFile(join(folder, 'books.csv'), 'utf8')).trim().split('\n').slice(1);
  const books = new Map(lines.map((line) => line.split(',') as [string, string]));
  return {
    asOf: '2026-11-14',
    targets: async () => [...books.keys()].map((book) => ({ id: book, payload: { book } })),
    memories: async () => [],
    close: async () => {},
    state: (book) => {
      const state = books.get(book);
      if (state === undefined) throw new Error(`there is no book ${book}`);
      return state;
    },
  };
}

const lookUp = defineTool({
  name: 'look_up',
  description: 'Says where a book is.',
  input: z.strictObject({ book: z.string() }),
  subject: ({ book }) => book,
  run: async ({ book }, { source }: { source: Shelf }) => ({ book, state: source.state(book) }),
});

/**
 * Reads a script from the payload, so that a test says what the model does: `script` lists the calls of each turn; the
 * report repeats the last result. Without one, it takes stock.
 */
function librarian({ task, calls }: Conversation): PlayerTurn {
  const script = task.payload.script as PlayerTurn['calls'][] | undefined;
  const next = script?.[calls.length];
  if (next) return { calls: next };
  if (script) return { text: String(calls.at(-1)?.ok ? JSON.stringify(calls.at(-1)?.result) : calls.at(-1)?.result) };
  const book = String(task.payload.book);
  const [found] = calls;
  if (!found) return { calls: [{ name: 'look_up', input: { book } }] };
  const state = found.ok ? (found.result as { state: string }).state : 'unknown';
  if (calls.length > 1 || state === 'on the shelf') return { text: `${book}: ${state}` };
  if (state === 'overdue') return { calls: [{ name: 'emit_event', input: { topic: 'overdue', data: { book } } }] };
  return { calls: [{ name: 'delegate_to_finder', input: { instructions: `Find ${book}.`, context: { book } } }] };
}

function finder({ task, calls }: Conversation): PlayerTurn {
  if (task.payload.gone === true)
    return { calls: [{ name: 'escalate', input: { condition: 'book_is_gone', reason: 'looked everywhere' } }] };
  if (task.payload.torn === true && calls.length === 0) {
    return { calls: [{ name: 'delegate_to_binder', input: { instructions: 'Mend it.', context: {} } }] };
  }
  const [mended] = calls;
  return { text: mended ? String(mended.ok ? 'mended' : mended.result) : 'It stood behind the others.' };
}

export default definePack({
  parameters: {},
  create: () => ({
    tools: [lookUp],
    conditions: {
      book_is_rare: ({ facts }) =>
        (facts.look_up as { state?: string } | undefined)?.state === 'rare' ? 'it is in the safe' : null,
    },
    schemas: { Overdue: z.strictObject({ book: z.string(), run: z.string() }) },
    reports: {},
    players: { librarian, finder, binder: () => ({ text: 'A new spine.' }) },
    open: openShelf,
  }),
});
