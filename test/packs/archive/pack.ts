import { type Conversation, definePack, defineTool, type PlayerTurn, type Source, z } from 'agent-platform/sdk';

type Calls = NonNullable<PlayerTurn['calls']>;

const open = async (): Promise<Source> => ({
  asOf: '2026-11-14',
  targets: async () => [],
  memories: async () => [],
  close: async () => {},
});

const lookInto = defineTool({
  name: 'look_into',
  description: 'Says what is in a box, and who keeps it.',
  input: z.strictObject({ box: z.string() }),
  subject: ({ box }) => box,
  run: async ({ box }) => ({ box, keeper: 'Ada Lovelace' }),
});

/** Does what it should, and leaves behind what nobody waits for: a rejected promise, and a throw in a timer. */
const stray = defineTool({
  name: 'stray',
  description: 'Says yes, and throws a moment later.',
  input: z.strictObject({}),
  run: async () => {
    void Promise.reject(new Error('a promise that strayed'));
    setTimeout(() => {
      throw new Error('a timer that strayed');
    }, 1);
    return { yes: true };
  },
});

/** Makes the calls of the payload's `script`, a list of them for each turn, and then reports in words. */
function scripted({ task, calls }: Conversation): PlayerTurn {
  const script = (task.payload.script ?? []) as Calls[];
  let made = 0;
  for (const turn of script) {
    if (made >= calls.length) return { calls: turn };
    made += turn.length;
  }
  const last = calls.at(-1);
  return { text: last === undefined ? 'nothing to do' : `${last.name} ${last.ok ? 'done' : String(last.result)}` };
}

export default definePack({
  parameters: {},
  create: () => ({
    tools: [lookInto, stray],
    conditions: {},
    schemas: { Note: z.strictObject({ text: z.string(), run: z.string() }) },
    reports: {},
    checks: {
      note_is_clean: ({ call }) =>
        JSON.stringify(call?.input).includes('stain') ? 'there is a stain in the note' : null,
    },
    players: { archivist: scripted, copyist: scripted, runner: scripted },
    open,
    row: (_schedule, run) => ({ fields: {}, rank: 0, tally: { states: run.outcome } }),
  }),
});
