/** Plants what must never be in the records of runs that went well, and asks the oracle. */
import assert from 'node:assert/strict';
import { headers as newHeaders } from 'nats';
import { cancelRun } from '../../bridge/commands/cancel.ts';
import { readRun, type RunTree } from '../../bridge/journals/runs.ts';
import type { Address } from '../../runtime/address.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { journalStream, journalSubject, shardOf } from '../../runtime/subjects.ts';
import { platformOn, type TestPlatform } from '../support/platform.ts';
import type { TestServers } from '../support/servers.ts';
import type { Suite } from '../support/suite.ts';
import { expectedOfHealthCheck } from './health-checks.ts';
import { explain, judge, type Judgement, type Violation } from './oracle.ts';
import { queued } from './queued.ts';
import { readRecords } from './records.ts';

export interface Planting {
  open: TestPlatform;
  batch: string;
  root: RunTree;
  /** The root's first child. */
  analysis: RunTree;
  /** Publishes as the server would store it. */
  publish(subject: string, body: unknown, headers?: Record<string, string>): Promise<void>;
  /** Removes the last entry of a journal and returns it. */
  removeLast(tree: Pick<RunTree, 'address' | 'entries'>): Promise<StoredEntry>;
  append(tree: Pick<RunTree, 'address'>, entry: object): Promise<void>;
  /** From now on, the oracle is told that the cancel of this root was posted. */
  ask(root: Address): void;
}

type Plant = (how: (planting: Planting) => Promise<void>) => Promise<Judgement['violations']>;

export interface Field {
  target: string;
  /** The runs are cancelled once they rest. */
  cancel?: boolean;
  /** How often something may be planted. */
  runs: number;
}

/**
 * Has as many runs of the target as told end or wait, all at once before the first test, and cancels them if told to.
 * The result plants something in the next one, and returns what the oracle says of this run that it did not say before.
 */
export function planter(test: Suite, servers: () => TestServers, { target, cancel = false, runs }: Field): Plant {
  const name = cancel ? 'cancelled' : 'planted';
  const batches = Array.from({ length: runs }, (_, i) => `${name}-${String(i + 1).padStart(2, '0')}`);
  const roots = new Map<string, Address>();
  let open: TestPlatform;
  test.before(async () => {
    open = await platformOn(servers(), { ackWaitMs: 500 });
    const settled = await Promise.all(batches.map((batch) => open.batch({ batch, only: [target] })));
    for (const [i, { trees }] of settled.entries()) roots.set(batches[i] ?? '', (trees.get(target) as RunTree).address);
    if (cancel) {
      for (const address of roots.values()) await cancelRun(open.platform, address, { by: 'test', reason: 'planted' });
    }
    // What runs sent to themselves and to their batches is taken and acknowledged a moment after they rest.
    while ((await queued(open.platform.jsm)) > 0);
    await open.worker.stop();
  });
  test.after(() => open.stop());

  return async (how) => {
    const batch = batches.shift();
    assert.ok(batch, `only ${runs} runs were made`);
    const { nc, jsm, runtime } = open.platform;
    const shard = ({ run }: Address) => shardOf(run, runtime.journal.shards);
    const root = (await readRun(runtime.journal, roots.get(batch) as Address)) as RunTree;
    const asked: Address[] = [];
    assert.deepEqual(await look(open, batch, asked), []);
    const publish: Planting['publish'] = async (subject, body, headers = {}) => {
      const carried = newHeaders();
      for (const [key, value] of Object.entries(headers)) carried.set(key, value);
      await nc.jetstream().publish(subject, JSON.stringify(body), { headers: carried });
    };
    await how({
      open,
      batch,
      root,
      analysis: root.children[0] as RunTree,
      publish,
      removeLast: async (tree) => {
        const last = tree.entries.pop() as StoredEntry;
        await jsm.streams.deleteMessage(journalStream(shard(tree.address)), last.seq);
        return last;
      },
      append: async (tree, entry) => {
        await publish(journalSubject(tree.address, shard(tree.address)), entry);
      },
      ask: (of) => void asked.push(of),
    });
    return look(open, batch, asked);
  };
}

/** What the oracle says of the batch. The others were judged by it, or will be: their journals are left out. */
async function look({ platform }: TestPlatform, batch: string, asked: Address[]): Promise<Judgement['violations']> {
  const all = await readRecords(platform.nc);
  const journals = all.journals.filter(({ address }) => address.run.startsWith(batch));
  const { violations } = judge({ ...all, journals }, expectedOfHealthCheck, asked);
  return violations.filter(({ run, message }) => run?.startsWith(batch) || message.includes(batch));
}

/** The violation of that kind whose message matches. */
export function found(violations: Violation[], kind: string, message: RegExp): Violation {
  const one = violations.find((each) => each.kind === kind && message.test(each.message));
  assert.ok(one, `${kind} ${message} is not among:\n${explain({ violations }, 20)}`);
  return one;
}
