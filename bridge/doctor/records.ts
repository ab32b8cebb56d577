/** What lies in NATS and Redis: streams and their configuration, persistence, the index of memories, the clocks. */
import type { Redis } from 'ioredis';
import { DiscardPolicy, type NatsConnection, type StreamConfig, type StreamInfo } from 'nats';
import { lastEntries } from '../../actors/last-entries.ts';
import type { PlatformError } from '../../config/errors.ts';
import { neededText } from '../../config/services/version.ts';
import type { Settings } from '../../config/settings.ts';
import type { Address } from '../../runtime/address.ts';
import type { LoadedPack } from '../../runtime/definitions/resolved.ts';
import {
  ADVISORIES_STREAM,
  journalStream,
  MAIL_STREAM,
  MEMORY_STREAM,
  OBJECTS_STREAM,
  topicStream,
} from '../../runtime/subjects.ts';
import { fail, type Finding, ok, plural, warn } from './finding.ts';

/** Server features that the client's types do not know. */
type EchoedConfig = StreamConfig & { allow_msg_schedules?: boolean; allow_msg_ttl?: boolean; persist_mode?: string };

const DEFINITIONS_STREAM = 'KV_DEFINITIONS';
const SCHEDULES_STREAM = 'KV_SCHEDULES';
const OTHERS = [MAIL_STREAM, MEMORY_STREAM, DEFINITIONS_STREAM, SCHEDULES_STREAM, OBJECTS_STREAM, ADVISORIES_STREAM];
const DRIFT_MS = 2_000;

export async function examineStreams(
  nc: NatsConnection,
  { journalShards, natsReplicas, durability, natsUrl }: Settings,
  packs: readonly LoadedPack[],
): Promise<Finding[]> {
  const manager = await nc.jetstreamManager();
  const streams = new Map<string, StreamInfo>();
  for await (const info of manager.streams.list()) streams.set(info.config.name, info);
  const first = streams.get(journalStream(0));
  const shards = Number(first?.config.metadata?.['agent-platform.shards'] ?? journalShards);
  const journals = Array.from({ length: shards }, (_, shard) => journalStream(shard));
  const topics = packs.flatMap((pack) => Object.keys(pack.manifest.topics)).map(topicStream);
  const findings = [...journals, ...OTHERS, ...topics].map((name) => {
    const info = streams.get(name);
    return info === undefined ? ok('streams', `${name} is not there yet; the first command makes it`) : stream(info);
  });
  const there = journals.flatMap((name, shard) => (streams.has(name) ? [shard] : []));
  findings.push(...(await examineJournals(nc, there)), ...copies([...streams.values()], natsReplicas));
  if (shards !== journalShards) {
    const text = `the journal has ${shards} shards since it was made, and journal_shards is ${journalShards}`;
    findings.push(warn('streams', text, `set journal_shards: ${shards}; another number needs a new state folder`));
  }
  if (durability === 'power' && natsUrl !== undefined) {
    const text = 'durability is power, and whether this external server syncs every write cannot be seen from here';
    const remedy = 'give its configuration `jetstream { sync_interval: always }`, or set durability: process';
    findings.push(warn('streams', text, remedy));
  }
  return findings;
}

/** Journals that this version cannot read, and so leaves alone. */
async function examineJournals(nc: NatsConnection, shards: readonly number[]): Promise<Finding[]> {
  const found = { newer: 0, invalid: 0 };
  const leave = (_: Address, { code }: PlatformError): void => {
    found[code === 'journal.newer' ? 'newer' : 'invalid'] += 1;
  };
  // Only what is a journal: `/readyz` writes into the first shard, too.
  for (const shard of shards) for await (const _ of lastEntries(nc, shard, leave));
  const findings: Finding[] = [];
  if (found.newer > 0) {
    const text = `${plural(found.newer, 'journal')} of a newer version, which this one leaves alone`;
    findings.push(warn('streams', text, 'update this installation, or leave them to workers of the newer version'));
  }
  if (found.invalid > 0) {
    const text = `${plural(found.invalid, 'journal')} ending with what is no entry, which every worker leaves alone`;
    findings.push(warn('streams', text, '`agent-platform reconcile` names the runs in the log'));
  }
  return findings;
}

/** Existing streams are left as they are. Pure. */
export function copies(streams: readonly StreamInfo[], wanted: number): Finding[] {
  const fewer = streams.filter(({ config }) => isOurs(config.name) && config.num_replicas < wanted);
  return fewer.map(({ config: { name, num_replicas } }) =>
    warn(
      'streams',
      `${name} has ${plural(num_replicas, 'replica')} since it was made, and nats_replicas is ${wanted}`,
      `nats stream edit ${name} --replicas ${wanted}`,
    ),
  );
}

function isOurs(name: string): boolean {
  return /^(JOURNAL_\d+|TOPIC_.+)$/.test(name) || OTHERS.includes(name);
}

/** The durability that the server echoes, and how much the stream holds. */
function stream({ config, state }: StreamInfo): Finding {
  const { name, storage, num_replicas, allow_msg_schedules, persist_mode } = config as EchoedConfig;
  const held = `${name}: ${plural(state.messages, 'message')}, ${storage} storage, ${plural(num_replicas, 'replica')}`;
  if (storage !== 'file') return fail('streams', held, 'it is lost with the server; it was not made by the platform');
  if (
    persist_mode === 'async' &&
    (name.startsWith('JOURNAL') || [MEMORY_STREAM, DEFINITIONS_STREAM, OBJECTS_STREAM].includes(name))
  ) {
    return fail('streams', `${held}, persist mode async`, 'records must be synced; make the stream anew without it');
  }
  if (name === MAIL_STREAM && allow_msg_schedules !== true) {
    return fail('streams', `${held}, without message schedules`, `use ${neededText('nats-server')} and make it anew`);
  }
  const dropped = dropsOf(config);
  if (dropped !== null && !name.startsWith('TOPIC_') && name !== ADVISORIES_STREAM) {
    const what = name === MAIL_STREAM ? 'timers, schedules and mail' : 'what nothing can make again';
    const remedy = `nats stream edit ${name}, so that it has no such limit; the platform sets none`;
    return warn('streams', `${held}, with ${dropped}: the server drops ${what}`, remedy);
  }
  return ok('streams', held);
}

/** The limit by which a stream drops messages that are not done with. */
function dropsOf({ name, max_age, max_msgs, max_bytes, max_msgs_per_subject, discard }: StreamConfig): string | null {
  // A bucket keeps one of each key.
  if (max_msgs_per_subject > 0 && !name.startsWith('KV_'))
    return `a limit of ${max_msgs_per_subject} messages of a subject`;
  if (max_age > 0) return `an age limit of ${max_age / 1e9} s`;
  if (discard === DiscardPolicy.Old && max_msgs > 0) return `a limit of ${max_msgs} messages that discards the oldest`;
  if (discard === DiscardPolicy.Old && max_bytes > 0) return `a limit of ${max_bytes} bytes that discards the oldest`;
  return null;
}

/** Timers fire by the clock of NATS, ages are counted by ours. */
export async function examineClock(nc: NatsConnection | null, redis: Redis | null): Promise<Finding[]> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const findings = [ok('clock', `${new Date().toISOString()}, time zone ${zone}`)];
  const compare = (whose: string, theirs: number, asked: number): void => {
    if (!Number.isFinite(theirs)) return;
    const drift = theirs - (asked + Date.now()) / 2;
    const text = `the clock of ${whose} differs by ${(Math.abs(drift) / 1000).toFixed(1)} s`;
    const far = Math.abs(drift) > DRIFT_MS;
    findings.push(
      far ? warn('clock', text, 'synchronise both clocks (NTP): timers fire by that of NATS') : ok('clock', text),
    );
  };
  if (redis) {
    const asked = Date.now();
    const [seconds, micros] = (await redis.time()) as [number, number];
    compare('Redis', Number(seconds) * 1000 + Number(micros) / 1000, asked);
  }
  if (nc) {
    const asked = Date.now();
    const reply = await nc.request(`$JS.API.STREAM.INFO.${MAIL_STREAM}`, '', { timeout: 5_000 });
    compare('NATS', Date.parse(reply.json<{ ts?: string }>().ts ?? ''), asked);
  }
  return findings;
}
