import {
  DiscardPolicy,
  type JetStreamManager,
  type KV,
  type NatsConnection,
  NatsError,
  nanos,
  RetentionPolicy,
  type StreamConfig,
  StorageType,
} from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { neededText } from '../../config/services/version.ts';
import {
  ADVISORIES_STREAM,
  journalStream,
  MAIL_STREAM,
  MAIL_SUBJECTS,
  MAX_DELIVERIES_SUBJECT,
  MEMORY_STREAM,
  topicStream,
} from '../subjects.ts';

/** Newer server features that the client's types do not know; the server echoes them when it understands them. */
type NewerConfig = Partial<StreamConfig> & { allow_msg_schedules?: boolean; allow_msg_ttl?: boolean };

/** Long enough that somebody reconciles meanwhile, or asks why. */
const ADVISORIES_KEPT_MS = 14 * 86_400_000;
const MOST_ADVISORIES = 10_000;

/** More replicas than servers: a server that is alone, and a cluster that has no peers left. */
const TOO_FEW = new Set([10074, 10005]);

const SHARDS_KEY = 'agent-platform.shards';
const RESTORING_KEY = 'agent-platform.restoring';

/**
 * Creates what is missing and leaves what exists as it is. Returns the number of journal shards, which is fixed when the
 * first journal stream is created and read back from it afterwards.
 * @throws PlatformError `state.half_restored`, unless it is `restoring` that asks; `nats.too_old`
 */
export async function ensureStreams(
  nc: NatsConnection,
  options: { shards: number; topics: string[]; replicas?: number; restoring?: boolean },
): Promise<{ shards: number }> {
  const jsm = await nc.jetstreamManager();
  const ensured = (config: NewerConfig) => ensureStream(jsm, { ...config, num_replicas: options.replicas ?? 1 });
  const first = await ensured(journal(0, options.shards));
  if (first.metadata?.[RESTORING_KEY] === 'yes' && options.restoring !== true) {
    throw new PlatformError(
      'state.half_restored',
      'a backup is being restored into this state, or that broke off; wait for its end, or restore it again',
    );
  }
  const shards = Number(first.metadata?.[SHARDS_KEY] ?? options.shards);
  const others = Array.from({ length: shards - 1 }, (_, i) => journal(i + 1, shards));
  const mail: NewerConfig = {
    name: MAIL_STREAM,
    subjects: MAIL_SUBJECTS,
    // No limits, so nothing is discarded; the server refuses «discard new» beside schedules.
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    allow_direct: true,
    allow_msg_schedules: true,
    allow_msg_ttl: true,
  };
  const memory: NewerConfig = {
    name: MEMORY_STREAM,
    subjects: ['memory.>'],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    storage: StorageType.File,
    allow_direct: true,
  };
  const advisories: NewerConfig = {
    name: ADVISORIES_STREAM,
    subjects: [MAX_DELIVERIES_SUBJECT],
    retention: RetentionPolicy.Limits,
    max_age: nanos(ADVISORIES_KEPT_MS),
    max_msgs: MOST_ADVISORIES,
    storage: StorageType.File,
    allow_direct: true,
  };
  const [mailConfig] = await Promise.all(
    [mail, memory, advisories, ...others, ...options.topics.map(topic)].map(ensured),
  );
  if ((mailConfig as NewerConfig).allow_msg_schedules !== true) {
    throw new PlatformError(
      'nats.too_old',
      `the NATS server ${nc.info?.version ?? ''} does not keep message schedules (stream MAIL came back without allow_msg_schedules); ${neededText('nats-server')} is needed`,
    );
  }
  return { shards };
}

/**
 * A bucket that keeps the latest value of each key, made when it is not there. Its keys are read through the leader: a
 * replica that is behind would call a key that was written unknown.
 */
export async function openBucket(nc: NatsConnection, name: string, replicas: number): Promise<KV> {
  const { views } = nc.jetstream();
  await views.kv(name, { history: 1, replicas }).catch((error: unknown) => {
    throw orTooFew(error, `KV_${name}`, replicas);
  });
  // The stream allows direct reads, for backups; this handle does without.
  return views.kv(name, { bindOnly: true, allow_direct: false });
}

/** Whether a restore into this state has begun and not ended. */
export async function isHalfRestored(jsm: JetStreamManager): Promise<boolean> {
  return (await jsm.streams.info(journalStream(0))).config.metadata?.[RESTORING_KEY] === 'yes';
}

/** Says in the first journal stream that a restore is under way, so that no other process opens this state. */
export async function markRestoring(jsm: JetStreamManager, restoring: boolean): Promise<void> {
  const { metadata } = (await jsm.streams.info(journalStream(0))).config;
  await jsm.streams.update(journalStream(0), {
    metadata: { ...metadata, [RESTORING_KEY]: restoring ? 'yes' : 'no' },
  });
}

function journal(shard: number, shards: number): NewerConfig {
  return {
    name: journalStream(shard),
    subjects: [`journal.${shard}.>`],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    storage: StorageType.File,
    allow_direct: true,
    metadata: { [SHARDS_KEY]: String(shards) },
  };
}

/**
 * A topic's stream stores what is published under `emit.` at the public subject and republishes it there: «expected 0»
 * is checked on the public subject, and core subscribers see exactly one copy, never a rejected repeat.
 */
function topic(name: string): NewerConfig {
  return {
    name: topicStream(name),
    subjects: [`emit.${name}.>`],
    subject_transform: { src: `emit.${name}.>`, dest: `${name}.>` },
    republish: { src: `${name}.>`, dest: `${name}.>` },
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    allow_direct: true,
  };
}

/** The stream's configuration; one that is there stays as it is. */
export async function ensureStream(jsm: JetStreamManager, config: NewerConfig): Promise<StreamConfig> {
  try {
    return (await jsm.streams.info(config.name as string)).config;
  } catch (error) {
    if (!(error instanceof Error) || !/stream not found/i.test(error.message)) throw error;
    try {
      return (await jsm.streams.add(config as Partial<StreamConfig> & { name: string })).config;
    } catch (cause) {
      throw orTooFew(cause, config.name as string, config.num_replicas ?? 1);
    }
  }
}

/** The error for people where the server has too few peers for the copies that are asked; any other stays as it is. */
function orTooFew(cause: unknown, stream: string, replicas: number): unknown {
  if (!(cause instanceof NatsError) || !TOO_FEW.has(cause.api_error?.err_code ?? 0)) return cause;
  const why = cause.api_error?.description ?? cause.message;
  return new PlatformError(
    'nats.too_few',
    `nats_replicas is ${replicas}, and the NATS server cannot keep as many copies of ${stream} (${why}); ` +
      'name a cluster with so many servers, or set nats_replicas: 1',
    { cause },
  );
}
