import assert from 'node:assert/strict';
import { contextDigest, emptyFold, stateOf, step } from '../../actors/fold.ts';
import { invocationMachine } from '../../actors/invocation/machine.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import { memorySubject } from '../../runtime/subjects.ts';
import { expectedOfHealthCheck } from '../chaos/health-checks.ts';
import { explain, judge } from '../chaos/oracle.ts';
import { found, planter } from '../chaos/planting.ts';
import { readRecords } from '../chaos/records.ts';
import { platformOn } from '../support/platform.ts';
import { withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('the oracle', { timeoutMs: 60_000 });
const servers = withServers(test);
/** As many as there are tests that plant something. */
const runs = 16;
const plant = planter(test, servers, { target: 'acme-corp', runs });

test('finds nothing wrong with a whole batch, and counts who waits for a person', async () => {
  const open = await platformOn(servers());
  const { trees } = await open.batch({ batch: 'clean' });
  await open.worker.stop();
  const judgement = judge(await readRecords(open.platform.nc), expectedOfHealthCheck);
  await open.stop();
  assert.equal(explain(judgement), '');
  assert.equal(judgement.runs, runs + trees.size);
  assert.equal(judgement.batches, runs + 1);
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
