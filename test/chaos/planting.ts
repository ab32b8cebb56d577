/** Plants what must never be in the records of a run that went well, and asks the oracle. */
import assert from 'node:assert/strict';
import { headers as newHeaders } from 'nats';
import { cancelRun } from '../../bridge/cancel.ts';
import { readRun, type RunTree } from '../../bridge/runs.ts';
import type { Address } from '../../runtime/address.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { journalStream, journalSubject, shardOf } from '../../runtime/subjects.ts';
import type { PlatformOptions, TestPlatform } from '../support/platform.ts';
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

let planted = 0;

/**
 * Runs the target until it ends or waits, cancels it if told to, plants something, and returns what the oracle says of
 * this run that it did not say before.
 */
export function planter(
  platforms: (options?: PlatformOptions) => Promise<TestPlatform>,
  { target, cancel = false }: { target: string; cancel?: boolean },
): Plant {
  return async (how) => {
    const open = await platforms({ ackWaitMs: 500 });
    const { nc, jsm, runtime } = open.platform;
    const shard = ({ run }: Address) => shardOf(run, runtime.journal.shards);
    planted += 1;
    const batch = `planted-${planted}`;
    const { trees } = await open.batch({ batch, only: [target] });
    const { address } = trees.get(target) as RunTree;
    if (cancel) await cancelRun(open.platform, address, { by: 'test', reason: 'planted' });
    // What it sent to itself and to its batch is taken and acknowledged a moment after it rests.
    while ((await queued(jsm)) > 0);
    await open.worker.stop();
    const root = (await readRun(runtime.journal, address)) as RunTree;
    const asked: Address[] = [];
    const clean = await look(open, batch, asked);
    assert.deepEqual(clean, []);
    const publish: Planting['publish'] = async (subject, body, headers = {}) => {
      const carried = newHeaders();
      for (const [name, value] of Object.entries(headers)) carried.set(name, value);
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

async function look({ platform }: TestPlatform, batch: string, asked: Address[]): Promise<Judgement['violations']> {
  const { violations } = judge(await readRecords(platform.nc), expectedOfHealthCheck, asked);
  return violations.filter(({ run, message }) => run?.startsWith(batch) || message.includes(batch));
}

/** The violation of that kind whose message matches. */
export function found(violations: Violation[], kind: string, message: RegExp): Violation {
  const one = violations.find((each) => each.kind === kind && message.test(each.message));
  assert.ok(one, `${kind} ${message} is not among:\n${explain({ violations }, 20)}`);
  return one;
}
