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
    const soon = Math.ceil(seed / 1000) * 1000;
    const lines = Array.from({ length: LINES }, () => drawLine(chance, new Date(soon + chance.between(2_000, 5_000))));
    const stored: Date[] = [];
    for (const [at, line] of lines.entries()) {
      assert.equal(cronProblem(line), null, line);
      stored.push(await arm(nc, String(at), line));
    }

    const fired = new Set<number>();
    let told = 0;
    for await (const message of await consumer.consume()) {
      const at = Number(message.subject.split('.')[1]);
      if (fired.has(at)) continue;
      fired.add(at);
      const line = lines[at] ?? '';
      const which = `${line} (seed ${seed})`;
      const due = nextTick(line, stored[at] ?? new Date());
      const next = new Date(message.headers?.get(NEXT_HEADER) ?? '');
      assert.ok(due, which);
      const firedAt = message.info.timestampNanos / 1e6;
      assert.ok(
        firedAt >= due.getTime() && firedAt < due.getTime() + 10_000,
        `${which}: ${firedAt}, ${due.toISOString()}`,
      );
      // A server that fires late skips what became due meanwhile.
      if (next.getTime() - firedAt > 1_000) {
        told += 1;
        assert.equal(nextTick(line, due)?.getTime(), next.getTime(), `after ${due.toISOString()}: ${which}`);
        assert.equal(lastTick(line, new Date(next.getTime() - 1))?.getTime(), due.getTime(), which);
      }
      if (fired.size === LINES) break;
    }
    assert.ok(told > LINES / 2, `${told} of ${LINES} named a tick that was not missed`);
  } finally {
    await nc.close();
  }
});

test.run();
