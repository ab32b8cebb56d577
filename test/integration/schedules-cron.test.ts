import assert from 'node:assert/strict';
import { connect, headers, type NatsConnection, RetentionPolicy, type StreamConfig } from 'nats';
import { NEXT_HEADER } from '../../runtime/schedules/cron-messages.ts';
import { cronProblem, lastTick, nextTick } from '../../runtime/schedules/cron.ts';
import { Chance } from '../chaos/random.ts';
import { drawLine } from '../support/cron-lines.ts';
import { withServers } from '../support/servers.ts';
import { suite } from '../support/suite.ts';

const test = suite('cron lines on the server');
const servers = withServers(test);
const LINES = 120;

/** Publishes a line as a schedule of its own; returns when the server stored it. */
async function arm(nc: NatsConnection, name: string, line: string): Promise<Date> {
  const carried = headers();
  carried.set('Nats-Schedule', line);
  carried.set('Nats-Schedule-Target', `ticks.${name}`);
  const { seq } = await nc.jetstream().publish(`lines.${name}`, '', { headers: carried });
  return (await (await nc.jetstreamManager()).streams.getMessage('CRON', { seq })).time;
}

test('the server fires lines that are taken when we say that they are due, and names the tick after it as we do', async () => {
  const { nats } = servers().services;
  const nc = await connect({ servers: nats.url, ...(nats.user && { user: nats.user, pass: nats.pass ?? '' }) });
  try {
    const config = { name: 'CRON', subjects: ['lines.>', 'ticks.>'], retention: RetentionPolicy.Limits };
    const jsm = await nc.jetstreamManager();
    await jsm.streams.add({ ...config, allow_msg_schedules: true } as Partial<StreamConfig> & { name: string });
    const consumer = await nc.jetstream().consumers.get('CRON', { filterSubjects: ['ticks.>'] });

    const seed = Date.now();
    const chance = new Chance(seed);
    const lines = Array.from({ length: LINES }, () => drawLine(chance, new Date(seed + chance.between(3_000, 6_000))));
    for (const line of lines) assert.equal(cronProblem(line), null, line);
    const stored = await Promise.all(lines.map((line, at) => arm(nc, String(at), line)));
    const due = lines.map((line, at) => nextTick(line, stored[at] as Date)?.getTime() ?? Number.POSITIVE_INFINITY);
    // On a busy machine the time of a line may have passed before it was stored; its next one may be months away.
    const awaited = new Set(due.flatMap((time, at) => (time < Date.now() + 10_000 ? [at] : [])));
    assert.ok(awaited.size > LINES / 2, `${awaited.size} of ${LINES} are due within seconds`);

    let told = 0;
    for await (const message of await consumer.consume()) {
      const at = Number(message.subject.split('.')[1]);
      if (!awaited.delete(at)) continue;
      const [line = '', time = 0] = [lines[at], due[at]];
      const which = `${line}, due at ${new Date(time).toISOString()}, seed ${seed}`;
      const next = new Date(message.headers?.get(NEXT_HEADER) ?? '');
      const firedAt = message.info.timestampNanos / 1e6;
      assert.ok(firedAt >= time && firedAt < time + 10_000, `fired at ${firedAt}: ${which}`);
      const expected = nextTick(line, new Date(time));
      // A server that is late skips what became due before it looked for the next tick.
      if (expected !== null && expected.getTime() > Date.now()) {
        told += 1;
        assert.equal(next.getTime(), expected.getTime(), which);
        assert.equal(lastTick(line, new Date(next.getTime() - 1))?.getTime(), time, which);
      }
      if (awaited.size === 0) break;
    }
    assert.ok(told > LINES / 3, `${told} of ${LINES} named a tick that was not missed`);
  } finally {
    await nc.close();
  }
});

test.run();
