/** `GET /metrics`: what this process counted, and what the servers say of the whole platform. */
import { type ConsumerInfo, NatsError } from 'nats';
import { inTime, LONG_ANSWER_MS } from '../contract/in-time.ts';
import { type Gauges, gaugesOf } from '../views/gauges.ts';
import type { Platform } from '../platform/platform.ts';
import { journalStream, MAIL_STREAM } from '../../runtime/subjects.ts';
import { atMostEvery } from './at-most-every.ts';
import type { HttpContext, HttpRequest, Vitals } from './context.ts';
import { type Metric, metricsText, type Sample } from './metrics-text.ts';

const FRESH_MS = 1_000;
/** The gauges are read from every journal: that takes at most a twentieth of the time, and they are at least this old when read again. */
const GAUGES_MS = 5_000;
const GAUGES_SHARE = 20;
const WAITING = 'waiting_for_human';

export function metricsRoute(context: HttpContext) {
  const { platform } = context;
  const counted = atMostEvery(
    (tookMs) => Math.max(GAUGES_MS, tookMs * GAUGES_SHARE),
    () => gaugesOf(platform),
  );
  const text = atMostEvery(FRESH_MS, async () => {
    const [mail, journals, counts] = await Promise.all([mailMetrics(platform), journalMetrics(platform), counted()]);
    return metricsText([
      ...mail,
      ...journals,
      ...invocationMetrics(counts, vitalsOf(context)),
      ...processMetrics(context),
    ]);
  });
  return async (c: HttpRequest) =>
    c.body(await inTime(LONG_ANSWER_MS, text()), 200, { 'content-type': 'text/plain; version=0.0.4' });
}

async function mailMetrics(platform: Platform): Promise<Metric[]> {
  const { jsm, runtime } = platform;
  const consumers: { info: ConsumerInfo; consumer: string; filter: string }[] = [];
  for await (const info of jsm.consumers.list(MAIL_STREAM)) {
    consumers.push({ info, consumer: info.name, filter: info.config.filter_subject ?? '' });
  }
  const now = runtime.now().getTime();
  const ages = consumers.map(async ({ consumer, filter }) => {
    const sent = await oldest(platform, filter);
    return { labels: { consumer }, value: sent === null ? 0 : Math.max(0, (now - sent) / 1000) };
  });
  const each = (value: (info: ConsumerInfo) => number): Sample[] =>
    consumers.map(({ consumer, info }) => ({ labels: { consumer }, value: value(info) }));
  return [
    gauge('mail_oldest_seconds', 'Age of the oldest mail that is not acknowledged yet.', await Promise.all(ages)),
    gauge(
      'mail_pending',
      'Mail that no worker has taken yet.',
      each((info) => info.num_pending),
    ),
    gauge(
      'mail_ack_pending',
      'Mail that a worker holds.',
      each((info) => info.num_ack_pending),
    ),
    gauge(
      'mail_redelivered',
      'Held mail that was delivered before.',
      each((info) => info.num_redelivered),
    ),
  ];
}

/** When the oldest message of a filter was sent, in ms since the epoch: a work queue keeps only what is not done. */
async function oldest({ jsm }: Platform, filter: string): Promise<number | null> {
  try {
    const query = { seq: 1, next_by_subj: filter } as unknown as { seq: number };
    return (await jsm.streams.getMessage(MAIL_STREAM, query)).time.getTime();
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.code === 404) return null;
    throw error;
  }
}

async function journalMetrics({ jsm, runtime }: Platform): Promise<Metric[]> {
  const shards = Array.from({ length: runtime.journal.shards }, (_, shard) => journalStream(shard));
  const states = await Promise.all(
    shards.map(async (stream) => ({ labels: { stream }, state: (await jsm.streams.info(stream)).state })),
  );
  return [
    gauge(
      'journal_messages',
      'Entries stored.',
      states.map(({ labels, state }) => ({ labels, value: state.messages })),
    ),
    gauge(
      'journal_bytes',
      'Bytes stored.',
      states.map(({ labels, state }) => ({ labels, value: state.bytes })),
    ),
  ];
}

/** A process without a worker computes nothing. */
function vitalsOf({ vitals }: HttpContext): Vitals {
  return vitals?.() ?? { live: 0, restarting: 0, decided: {}, ended: {} };
}

function invocationMetrics({ open: states, tasks, quarantined }: Gauges, { live, restarting }: Vitals): Metric[] {
  const open = Object.values(states).reduce((sum, count) => sum + count, 0);
  const parked = Math.max(0, open - live - restarting - (states[WAITING] ?? 0));
  return [
    gauge('invocations_open', 'Invocations and batches that have not ended, by state.', samples('state', states)),
    gauge('invocations_waiting', 'Invocations that wait for a person.', [{ value: states[WAITING] ?? 0 }]),
    gauge('human_tasks_open', 'Questions to people that are open.', [{ value: tasks }]),
    gauge(
      'invocations_parked',
      'Open ones that neither wait for a person nor are live, or about to be restarted, in this process.',
      [{ value: parked }],
    ),
    gauge('invocations_quarantined', 'Invocations set aside because they kept failing.', [{ value: quarantined }]),
  ];
}

function processMetrics(context: HttpContext): Metric[] {
  const { counters, platform } = context;
  const { entries, fenced, runs, turns, tokens } = counters.getSnapshot().context;
  const { live, restarting, decided, ended } = vitalsOf(context);
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return [
    gauge('activations_live', 'Invocations that this process computes right now.', [{ value: live }]),
    gauge('activations_restarting', 'Invocations of this process that crashed and wait for their restart.', [
      { value: restarting },
    ]),
    counter('activations_ended_total', 'Activations of this process, by how they ended.', samples('how', ended)),
    counter('mail_decided_total', 'Decisions of this process on mail.', samples('disposition', decided)),
    counter('journal_appends_total', 'Entries that this process wrote.', [{ value: entries }]),
    counter('journal_fenced_total', 'Entries that another writer was first to write.', [{ value: fenced }]),
    counter('runs_total', 'Runs whose last entry this process wrote.', pairs(runs, 'agent', 'outcome')),
    counter('model_turns_total', 'Model turns that this process journaled.', samples('model', turns)),
    counter('model_tokens_total', 'Tokens of those turns.', pairs(tokens, 'model', 'kind')),
    gauge('process_uptime_seconds', 'Since the process started.', [{ value: process.uptime() }]),
    gauge('process_resident_bytes', 'Resident memory.', [{ value: rss }]),
    gauge('process_heap_bytes', 'JavaScript heap in use.', [{ value: heapUsed }]),
    counter('process_cpu_seconds_total', 'CPU time, user and system.', [{ value: (user + system) / 1e6 }]),
    gauge('process_info', 'Names the process.', [
      { labels: { worker: platform.runtime.worker, node: process.version }, value: 1 },
    ]),
  ];
}

function samples(label: string, counts: Readonly<Partial<Record<string, number>>>): Sample[] {
  return Object.entries(counts).map(([name, value = 0]) => ({ labels: { [label]: name }, value }));
}

/** Keys of two words, the second without a space. */
function pairs(counts: Readonly<Record<string, number>>, first: string, second: string): Sample[] {
  return Object.entries(counts).map(([key, value]) => {
    const at = key.lastIndexOf(' ');
    return { labels: { [first]: key.slice(0, at), [second]: key.slice(at + 1) }, value };
  });
}

function gauge(name: string, help: string, of: readonly Sample[]): Metric {
  return { name, help, kind: 'gauge', samples: of };
}

function counter(name: string, help: string, of: readonly Sample[]): Metric {
  return { name, help, kind: 'counter', samples: of };
}
