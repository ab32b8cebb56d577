/** The archive pack as tests drive it: what its agents try, and what people say to that. */
import { resolve } from 'node:path';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import { openTask } from '../../runtime/context/invocation.ts';
import type { Decision, Edits } from '../../runtime/journal/entry.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { JsonObject } from '../../runtime/json.ts';
import type { TestPlatform } from './platform.ts';

export const ARCHIVE = { packs: [resolve(import.meta.dirname, '../packs/archive')] };
export const TENANT = 'archive';

interface Call {
  name: string;
  input: JsonObject;
}

export const LOOK: Call = { name: 'look_into', input: { box: 'b1' } };

export function note(text: string): Call {
  return { name: 'emit_event', input: { topic: 'notes', data: { text } } };
}

/** A delegation to an agent that tries these turns. */
export function delegate(agent: string, ...script: Call[][]): Call {
  return {
    name: `delegate_to_${agent}`,
    input: { instructions: 'Do it.', context: { script } as unknown as JsonObject },
  };
}

/** The request of a run that tries these turns. */
export function tries(run: string, ...script: Call[][]) {
  return { agent: 'archivist', instructions: 'Do it.', run, payload: { box: 'b1', script } as unknown as JsonObject };
}

export async function treeOf({ platform }: TestPlatform, run: string, path = '0'): Promise<RunTree> {
  const tree = await readRun(platform.runtime.journal, { tenant: TENANT, run, path });
  if (!tree) throw new Error(`there is no journal of ${run} ${path}`);
  return tree;
}

/** Resolves with the tree of the invocation as soon as its journal is in one of these states. */
export function until(open: TestPlatform, run: string, path: string, ...states: string[]): Promise<RunTree> {
  return untilEntry(open, run, path, ({ state }) => states.includes(state));
}

/** Resolves with the tree of the invocation when an event of that type was appended to its journal last. */
export function untilEvent(open: TestPlatform, run: string, path: string, event: string): Promise<RunTree> {
  return untilEntry(open, run, path, ({ events }) => events.some(({ type }) => type === event));
}

async function untilEntry(
  open: TestPlatform,
  run: string,
  path: string,
  isIt: (entry: StoredEntry) => boolean,
): Promise<RunTree> {
  const reached = new AbortController();
  await watchJournals(open.platform.nc, open.platform.runtime.journal, {
    tenant: TENANT,
    runs: [run],
    signal: reached.signal,
    onEntry: (address, entry) => {
      if (address.path === path && isIt(entry)) reached.abort();
    },
  });
  return treeOf(open, run, path);
}

/** Posts a person's answer to the open question of an invocation, as a door does. */
export async function answer(
  { platform }: TestPlatform,
  tree: RunTree,
  given: Decision['answer'],
  more: Partial<Decision> & { edits?: Edits } = {},
): Promise<void> {
  const { edits = null, ...change } = more;
  const { runtime } = platform;
  const task = openTask(tree.context);
  if (!task) throw new Error(`${tree.address.run} ${tree.address.path} asks nobody`);
  const at = runtime.now().toISOString();
  const decision = {
    id: runtime.id(),
    task: task.id,
    answer: given,
    by: 'Ada Lovelace',
    role: null,
    note: 'n',
    at,
    ...change,
  };
  const to = { ...tree.address, agent: tree.agent };
  await runtime.mailer.post(to, { type: 'human.decided', decision, edits }, { correlation_id: 'test' });
}

export async function cancel({ platform }: TestPlatform, run: string, agent = 'archivist', path = '0'): Promise<void> {
  const to = { tenant: TENANT, run, path, agent };
  await platform.runtime.mailer.post(
    to,
    { type: 'cancel', by: 'Ada', reason: 'not needed' },
    { correlation_id: 'test' },
  );
}

/** The texts of all notes that were emitted for a run, in order. */
export async function notesOf({ platform }: TestPlatform, run: string): Promise<string[]> {
  const { jsm } = platform;
  const { state } = await jsm.streams.info('TOPIC_notes', { subjects_filter: `notes.${TENANT}.b1.*` });
  const texts: string[] = [];
  for (const subject of Object.keys(state.subjects ?? {})) {
    if (!subject.includes(`.${run}-`)) continue;
    const message = await jsm.streams.getMessage('TOPIC_notes', { last_by_subj: subject });
    texts.push((message.json() as { text: string }).text);
  }
  return texts;
}
