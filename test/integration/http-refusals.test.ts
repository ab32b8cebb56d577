import assert from 'node:assert/strict';
import { ERRORS } from '../../config/errors.ts';
import { Refusal } from '../../bridge/contract/schemas.ts';
import type { HttpApp } from '../../bridge/http/app.ts';
import { appOf, LIBRARY, messagesOf, post, STOCK } from '../support/http.ts';
import { CUSTOMER_SUCCESS, type TestPlatform, withPlatforms } from '../support/platform.ts';
import { suite } from '../support/suite.ts';

const test = suite('what the HTTP door refuses');
const platforms = withPlatforms(test);

/** What no answer holds as it is: people read answers on terminals. */
const STEERS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const HEALTH_CHECK = { agent: 'account_health_main', instructions: 'Check.', payload: { account_id: 'nobody' } };

async function refused(answer: Response | Promise<Response>, status: number, code: string, says?: RegExp) {
  const got = await answer;
  const text = await got.text();
  const body = Refusal.strict().parse(JSON.parse(text));
  assert.deepEqual([got.status, body.error.code], [status, code], text);
  assert.ok(code in ERRORS, code);
  if (says) assert.match(body.error.message, says);
  assert.doesNotMatch(text, STEERS);
  assert.equal(got.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(got.headers.get('cache-control'), 'no-store');
  return got;
}

/** Tries what must be refused, and sees that no stream holds anything more than before. */
async function nothingChanges({ platform }: TestPlatform, tries: () => Promise<unknown>): Promise<void> {
  const before = await messagesOf(platform);
  await tries();
  assert.deepEqual(await messagesOf(platform), before);
}

/** Both packs, so that a request may name either's agents. */
async function opened(): Promise<{ all: TestPlatform; app: HttpApp }> {
  const all = await platforms({ packs: [...LIBRARY.packs, CUSTOMER_SUCCESS] });
  const app = appOf(all);
  // A known subject first: it loads the memories that the data brings along, which are not the refusal's doing.
  const known = { agent: 'csm_briefing', instructions: 'x', payload: { account_id: 'nobody' } };
  await post(app, '/run', known);
  return { all, app };
}

test('agents: an unknown one, and a sub-agent from outside', async () => {
  const { all, app } = await opened();
  await nothingChanges(all, async () => {
    await refused(post(app, '/run', { ...STOCK, agent: 'janitor' }), 404, 'agent.unknown', /there are: .*librarian/);
    await refused(post(app, '/run', { ...STOCK, agent: 'finder' }), 422, 'admission.refused', /role/);
  });
});

test('subjects: one that the data does not know, and a payload without any', async () => {
  const { all, app } = await opened();
  await nothingChanges(all, async () => {
    await refused(post(app, '/run', HEALTH_CHECK), 422, 'subject.unknown');
    await refused(post(app, '/run', { ...STOCK, payload: {} }), 422, 'admission.refused', /payload/);
  });
});

test('bodies: no JSON, the wrong types, unknown fields, too deep, not said to be JSON', async () => {
  const { all, app } = await opened();
  const invalid = (body: unknown, says: RegExp) => refused(post(app, '/run', body), 400, 'request.invalid', says);
  await nothingChanges(all, async () => {
    await invalid('{"agent": ', /not JSON/);
    await invalid('', /empty/);
    await invalid('[]', /expected a mapping/);
    await invalid({ ...STOCK, payload: 'emma' }, /payload: got the text "emma", expected a mapping/);
    await invalid({ ...STOCK, instructions: 7 }, /instructions: got the number 7, expected text/);
    await invalid({ agent: 'librarian' }, /instructions: is missing[\s\S]*payload: is missing/);
    await invalid({ ...STOCK, instruction: 'x' }, /unknown key.*did you mean "instructions"/);
    await invalid({ ...STOCK, as_of: '2026-02-30' }, /as_of: got the text "2026-02-30", expected a date/);
    await invalid({ ...STOCK, run_id: '' }, /run_id/);
    await invalid(`${'['.repeat(100_000)}`, /nests deeper than 32/);
    await invalid(JSON.stringify(STOCK).replace('"emma"', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`), /nests deeper/);
    const said = (book: string) => JSON.stringify(STOCK).replace('"emma"', book);
    await invalid(said('9007199254740993'), /payload\.book \(line 1, column \d+\): got the number 9007199254740993/);
    await invalid(said('[1e400]'), /payload\.book\.0 .*too large/);
    await invalid(said('"emma", "book": "emma"'), /payload\.book .*given twice/);
    await refused(post(app, '/run', { ...STOCK, run_id: 'a\u0007b' }), 400, 'run.invalid');
    await refused(post(app, '/run', { ...STOCK, run_id: 'a\u009b\u202eb' }), 400, 'run.invalid', /a\u009b\u202eb/);
    await refused(post(app, '/run', STOCK, { 'content-type': 'text/plain' }), 415, 'request.media_type');
    await refused(app.request('/run', { method: 'POST' }), 415, 'request.media_type');
    const latin = new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x7d]);
    const headers = { 'content-type': 'application/json' };
    await refused(app.request('/run', { method: 'POST', headers, body: latin }), 400, 'request.invalid', /UTF-8/);
  });
});

test('a body larger than the setting is refused by its length, and without one as soon as it is too long', async () => {
  const { all } = await opened();
  const app = appOf(all, { maxRequestBytes: 1024 });
  await nothingChanges(all, async () => {
    const large = { ...STOCK, payload: { book: 'x'.repeat(2000) } };
    const answer = await refused(post(app, '/run', large), 413, 'request.too_large', /1024 bytes/);
    assert.equal(answer.headers.get('connection'), 'close');
    await refused(post(app, '/run', large, { 'content-length': '5000000' }), 413, 'request.too_large');

    let sent = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 500;
        controller.enqueue(new Uint8Array(500).fill(0x20));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    const headers = { 'content-type': 'application/json' };
    const request = new Request('http://localhost/run', { method: 'POST', headers, body: endless, duplex: 'half' });
    await refused(app.request(request), 413, 'request.too_large');
    assert.ok(cancelled && sent <= 3000, `${sent} bytes were read`);
  });
});

test('what does not exist: runs, batches, schedules, paths, methods', async () => {
  const { all, app } = await opened();
  await nothingChanges(all, async () => {
    for (const path of [
      '/runs/none',
      '/runs/a%2Fb',
      `/runs/${'x'.repeat(900)}`,
      '/runs/none/events',
      '/batches/none',
    ]) {
      await refused(app.request(path), 404, 'run.unknown');
    }
    await refused(app.request('/runs/none/events', { headers: { 'last-event-id': 'x' } }), 400, 'request.invalid');
    await refused(post(app, '/schedules/daily/start', { all: true }), 404, 'schedule.unknown');
    await refused(app.request('/'), 404, 'request.path_unknown');
    await refused(app.request('/runs/a/b/c'), 404, 'request.path_unknown');
    const answer = await refused(app.request('/run'), 405, 'request.method_unknown');
    assert.equal(answer.headers.get('allow'), 'POST');
    await refused(app.request('/runs/none', { method: 'DELETE' }), 405, 'request.method_unknown');
    await refused(app.request('/run', { method: 'OPTIONS' }), 405, 'request.method_unknown');
  });
});

test('a schedule’s targets: none named, named in two ways, of the wrong type', async () => {
  const { all, app } = await opened();
  const start = (body: unknown) => post(app, '/schedules/weekly_stocktaking/start', body);
  await nothingChanges(all, async () => {
    await refused(start({}), 400, 'request.invalid', /name one of target, targets or all/);
    await refused(start({ target: 'emma', all: true }), 400, 'request.invalid');
    await refused(start({ targets: 'emma' }), 400, 'request.invalid', /targets: got the text "emma", expected a list/);
    await refused(start({ target: 'emma', batch: 'no spaces' }), 400, 'request.invalid', /batch/);
    const answer = await start({ targets: ['nobody'] });
    assert.equal(answer.status, 202);
    const { batch, accepted, unknown } = (await answer.json()) as Record<string, unknown>;
    assert.deepEqual([batch, accepted, unknown], [null, [], ['nobody']]);
  });
});

test('with a token, nothing but /healthz is told without it', async () => {
  const { all } = await opened();
  const app = appOf(all, { httpToken: 'open sesame' });
  await nothingChanges(all, async () => {
    for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Basic open sesame', 'Bearer open', 'open sesame']) {
      const headers = authorization === '' ? {} : { authorization };
      const answer = await refused(post(app, '/run', STOCK, headers), 401, 'request.unauthorized');
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
      for (const path of ['/runs/none', '/runs/none/events', '/metrics', '/readyz', '/nowhere', '/run']) {
        await refused(app.request(path, { headers }), 401, 'request.unauthorized');
      }
    }
    assert.equal((await app.request('/healthz')).status, 200);
  });
  const headers = { authorization: 'Bearer open sesame', host: 'platform.example' };
  assert.equal((await app.request('/readyz', { headers })).status, 200);
});

test('without a token, only loopback names are answered: a page cannot borrow the browser of this machine', async () => {
  const { all, app } = await opened();
  await nothingChanges(all, async () => {
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1:8088',
      '',
      '[::2]',
    ]) {
      await refused(app.request('/runs/none', { headers: { host } }), 421, 'request.host_refused');
    }
    for (const host of ['localhost:8088', '127.0.0.1', '127.8.9.1:1', '[::1]:8088', 'LOCALHOST']) {
      await refused(app.request('/runs/none', { headers: { host } }), 404, 'run.unknown');
    }
    const answer = await app.request('/runs/none', { headers: { origin: 'https://evil.example' } });
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
  });
});

test('what went wrong inside is not told outside', async () => {
  const { all } = await opened();
  const { platform } = all;
  const broken = appOf({
    ...all,
    platform: { ...platform, runtime: { ...platform.runtime, id: () => assert.fail('password=hunter2') } },
  });
  const traced = { 'x-correlation-id': 'one' };
  await refused(post(broken, '/run', STOCK, traced), 500, 'platform.unexpected', /^something went wrong/);
  const missing = appOf(all, { data: '/nonexistent/secret' });
  await refused(post(missing, '/run', STOCK), 503, 'data.missing', /^the data folder of this platform/);
});

test.run();
