import assert from 'node:assert/strict';
import { headers as newHeaders } from 'nats';
import { contextDigest, emptyFold, stateOf, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import type { Address } from '../../runtime/address.ts';
import type { RunTree } from '../../bridge/runs.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { journalStream, journalSubject, memorySubject, shardOf } from '../../runtime/subjects.ts';
import { expectedOfHealthCheck } from '../chaos/health-checks.ts';
import { explain, judge, type Judgement } from '../chaos/oracle.ts';
import { readRecords } from '../chaos/records.ts';
import { type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('the oracle', { timeoutMs: 60_000 });
const platforms = withPlatforms(test);

interface Planting {
  open: TestPlatform;
  batch: string;
  root: RunTree;
  analysis: RunTree;
  /** Publishes as the server would store it. */
  publish(subject: string, body: unknown, headers?: Record<string, string>): Promise<void>;
  /** Removes the last entry of a journal and returns it. */
  removeLast(tree: Pick<RunTree, 'address' | 'entries'>): Promise<StoredEntry>;
  append(tree: Pick<RunTree, 'address'>, entry: object): Promise<void>;
}

let planted = 0;

/** Runs Acme to its end, plants something, and returns what the oracle says of this run that it did not say before. */
async function plant(how: (planting: Planting) => Promise<void>): Promise<Judgement['violations']> {
  const open = await platforms({ ackWaitMs: 500 });
  const { nc, jsm, runtime } = open.platform;
  const shard = ({ run }: Address) => shardOf(run, runtime.journal.shards);
  planted += 1;
  const batch = `planted-${planted}`;
  const { trees } = await open.batch({ batch, only: ['acme-corp'] });
  await open.worker.stop();
  const root = trees.get('acme-corp') as RunTree;
  const clean = await look(open, batch);
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
    removeLast: async ({ address, entries }) => {
      const last = entries.pop() as StoredEntry;
      await jsm.streams.deleteMessage(journalStream(shard(address)), last.seq);
      return last;
    },
    append: async ({ address }, entry) => {
      await publish(journalSubject(address, shard(address)), entry);
    },
  });
  return look(open, batch);
}

async function look({ platform }: TestPlatform, batch: string): Promise<Judgement['violations']> {
  const { violations } = judge(await readRecords(platform.nc), expectedOfHealthCheck);
  return violations.filter(({ run, message }) => run?.startsWith(batch) || message.includes(batch));
}

function found(violations: Judgement['violations'], kind: string, message: RegExp): Judgement['violations'][number] {
  const one = violations.find((each) => each.kind === kind && message.test(each.message));
  assert.ok(
    one,
    `${kind} ${message} is not among:\n${explain({ runs: 0, batches: 0, waiting: 0, takeovers: 0, violations }, 20)}`,
  );
  return one;
}

test('finds nothing wrong with a whole batch, and counts who waits for a person', async () => {
  const open = await platforms();
  const { trees } = await open.batch({ batch: 'clean' });
  await open.worker.stop();
  const judgement = judge(await readRecords(open.platform.nc), expectedOfHealthCheck);
  assert.equal(explain(judgement), '');
  assert.equal(judgement.runs, trees.size);
  assert.equal(judgement.batches, 1);
  assert.ok(judgement.waiting > 0 && judgement.waiting < trees.size);
});

test('finds a duplicate alert', async () => {
  const violations = await plant(async ({ root, publish }) => {
    const { run } = root.address;
    const headers = { 'ce-id': `${run}-0-1-9` };
    await publish(`emit.csm_alerts.sample.urgent.acme-corp.${run}-0-1-9`, { run }, headers);
  });
  found(violations, 'twice', /^no journal made csm_alerts/);
  found(violations, 'twice', /^2 of csm_alerts instead of 1/);
});

test('finds an alert that was emitted again under another subject', async () => {
  const violations = await plant(async ({ root, publish }) => {
    const { run } = root.address;
    const headers = { 'ce-id': `${run}-0-1-4` };
    await publish(`emit.csm_alerts.sample.watch.acme-corp.${run}-0-1-4`, { run }, headers);
  });
  found(violations, 'twice', /^csm_alerts planted-\d+-acme-corp-0-1-4 is there twice/);
});

test('finds a duplicate memory', async () => {
  const violations = await plant(async ({ open, root, publish }) => {
    const { run } = root.address;
    const { memories } = await readRecords(open.platform.nc);
    const memory = memories.find(({ source }) => source === `${run}/0-1`);
    assert.ok(memory);
    await publish(memorySubject(memory.tenant, memory.scope, `${run}-copy`), { ...memory, id: `${run}-copy` });
  });
  found(violations, 'twice', /^no journal made memory/);
  found(violations, 'twice', /^2 of memory instead of 1/);
});

test('finds a lost event', async () => {
  const violations = await plant(async ({ open, root }) => {
    const subject = `csm_alerts.sample.urgent.acme-corp.${root.address.run}-0-1-4`;
    await open.platform.jsm.streams.purge('TOPIC_csm_alerts', { filter: subject });
  });
  found(violations, 'lost', /^csm_alerts planted-\d+-acme-corp-0-1-4 is gone/);
});

test('finds a run that was accepted and never begun, and shows its journal', async () => {
  const violations = await plant(async ({ root, analysis, removeLast }) => {
    for (const tree of [root, analysis, ...analysis.children]) {
      for (const keep = tree === root ? 1 : 0; tree.entries.length > keep; ) await removeLast(tree);
    }
  });
  const { journal } = found(violations, 'lost', /never begun/);
  assert.equal(journal.length, 1);
  assert.match(journal[0] ?? '', /0 admitting: invoked$/);
});

test('finds a run that never ended', async () => {
  const violations = await plant(async ({ root, removeLast }) => void (await removeLast(root)));
  found(violations, 'stuck', /^it stands in thinking/);
});

test('finds an entry behind the end', async () => {
  const violations = await plant(async ({ root, append }) => append(root, root.entries.at(-1) as StoredEntry));
  found(violations, 'twice', /^it had ended/);
});

test('finds a forged state', async () => {
  const violations = await plant(async ({ root, removeLast, append }) => {
    await append(root, { ...(await removeLast(root)), state: 'refused' });
  });
  found(violations, 'wrong', /^the entry says refused, its events lead to completed/);
});

test('finds a forged digest in the middle of a journal', async () => {
  const violations = await plant(async ({ root, removeLast, append }) => {
    const [last, before] = [await removeLast(root), await removeLast(root)];
    await append(root, { ...before, digest: '0123456789abcdef' });
    await append(root, last);
  });
  found(violations, 'wrong', /^the entry names the context 0123456789abcdef/);
});

test('finds a forged claim', async () => {
  const violations = await plant(async ({ root, removeLast, append }) => {
    const removed: StoredEntry[] = [];
    while (root.entries.length > 1) removed.unshift(await removeLast(root));
    for (const entry of removed) {
      const events = entry.events.map((event) => (event.type === 'admitted' ? { ...event, worker: 'w-other' } : event));
      await append(root, { ...entry, events });
    }
  });
  found(violations, 'wrong', /wrote a claim of w-other/);
});

test('finds a double owner: a result by a worker that somebody else took over from', async () => {
  const violations = await plant(async ({ root, removeLast, append }) => {
    await append(root, { ...(await removeLast(root)), writer: 'w-stranger' });
  });
  const { message } = found(violations, 'twice', /^double owner/);
  assert.match(message, /w-stranger wrote model\.replied while w-[0-9a-f]+ owned it/);
});

test('finds a report that its parent never got', async () => {
  const violations = await plant(async ({ root, removeLast }) => {
    await removeLast(root);
    await removeLast(root);
  });
  found(violations, 'lost', /^the report of 0-1 never came/);
});

test('finds a report that its batch never got', async () => {
  const violations = await plant(async ({ open, batch, removeLast }) => {
    const address = { tenant: 'sample', run: batch, path: '0' };
    await removeLast({ address, entries: await open.platform.runtime.journal.read(address) });
  });
  found(violations, 'lost', /^the report of acme-corp never came/);
});

test('finds a report that differs from what the child ended with', async () => {
  const violations = await plant(async ({ root, removeLast, append }) => {
    const [last, before] = [await removeLast(root), await removeLast(root)];
    const events = before.events.map((event) =>
      event.type === 'child.reported' && 'path' in event
        ? { ...event, report: { ...event.report, text: 'All is well.' } }
        : event,
    );
    await append(root, { ...before, events });
    await append(root, last);
  });
  found(violations, 'wrong', /^it holds another report of 0-1/);
});

test('finds a child that nobody delegated to', async () => {
  const violations = await plant(async ({ analysis, append }) => {
    const [first] = analysis.entries as [StoredEntry];
    const address = { ...analysis.address, path: '0-7' };
    const events = first.events.map((event) =>
      event.type === 'invoked' && 'invocation' in event
        ? { ...event, invocation: { ...event.invocation, address } }
        : event,
    );
    let { snapshot } = emptyFold(invocationMachine);
    for (const event of events) snapshot = step(invocationMachine, snapshot, event);
    await append({ address }, { ...first, events, state: stateOf(snapshot), digest: contextDigest(snapshot) });
  });
  found(violations, 'wrong', /^a child that its parent 0 never delegated to/);
});

test('finds mail that nobody took', async () => {
  const violations = await plant(async ({ root, publish }) => {
    await publish(`mail.sample.account_health_main.${root.address.run}.0`, { type: 'resume' });
  });
  found(violations, 'stuck', /still waits in MAIL/);
});

test.run();
