import type { KV, NatsConnection } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { held } from '../bus/kv.ts';
import { openBucket } from '../bus/streams.ts';
import { lackOf, unfitCode } from './fitness.ts';
import { type CodeId, codeText, type Release, type ReleasedSchedule } from './release.ts';
import type { LoadedAgent, LoadedPack, ResolvedAgent } from './resolved.ts';
import type { ScheduleDefinition, TopicDefinition } from './schema.ts';
import { own } from './words.ts';

const BUCKET = 'DEFINITIONS';

/** An agent as this process has it loaded: with the code of its pack. */
export interface HostedAgent extends LoadedAgent {
  pack: LoadedPack;
}

/** What an invocation is judged and carried out by on this worker. */
export interface Means {
  resolved: ResolvedAgent;
  /** The pack with its code made for the parameters that the invocation began with. */
  pack: LoadedPack;
  /** The code of this worker, where the invocation began with another, or with one that was not recorded. */
  other?: { code: CodeId; reason: string };
}

/** What a batch lists its targets by, and starts their runs with. */
export interface BatchMeans {
  pack: LoadedPack;
  schedule: ReleasedSchedule;
}

/** Why this worker cannot go on with something that another may go on with. */
export interface Lack {
  lacks: string;
}

/**
 * The packs of this process by name, and the record of every resolved definition and release by digest: an invocation in
 * flight keeps what it began with, also when the files have changed since.
 */
export class Catalog {
  readonly packs: readonly LoadedPack[];
  private readonly kv: KV;
  private readonly byDigest = new Map<string, ResolvedAgent>();
  private readonly releases = new Map<string, Release>();
  private readonly known = new Map<string, Means | Lack>();

  private constructor(packs: readonly LoadedPack[], kv: KV) {
    this.packs = packs;
    this.kv = kv;
    for (const { digest, resolved } of this.agents()) this.byDigest.set(digest, resolved);
    for (const { release } of packs) this.releases.set(release.digest, release.release);
  }

  /**
   * Opens the record and writes into it what it does not hold yet.
   * @throws PlatformError `message.too_large`
   */
  static async open(nc: NatsConnection, packs: readonly LoadedPack[], replicas = 1): Promise<Catalog> {
    const kv = await openBucket(nc, BUCKET, replicas);
    const catalog = new Catalog(packs, kv);
    const most = nc.info?.max_payload ?? Number.POSITIVE_INFINITY;
    await Promise.all(
      [...catalog.byDigest, ...catalog.releases].map(async ([digest, record]) => {
        if (held(await kv.get(digest)) !== null) return;
        const text = JSON.stringify(record);
        const bytes = Buffer.byteLength(text);
        if (bytes > most) {
          const what =
            'definition' in record ? `the agent ${record.definition.metadata.name}` : `the pack ${record.pack}`;
          throw new PlatformError(
            'message.too_large',
            `what is recorded of ${what} (prompt, tools, parameters) is ${bytes} bytes, and the server takes messages of ` +
              `${most}: shorten it, or raise the server's max_payload`,
          );
        }
        await kv.put(digest, text);
      }),
    );
    return catalog;
  }

  agents(): HostedAgent[] {
    return this.packs.flatMap((pack) => [...pack.agents.values()].map((agent) => ({ ...agent, pack })));
  }

  agent(name: string): HostedAgent | undefined {
    for (const pack of this.packs) {
      const agent = pack.agents.get(name);
      if (agent) return { ...agent, pack };
    }
    return undefined;
  }

  /** The definition with that digest: a loaded one, or the recorded one. */
  async resolved(digest: string): Promise<ResolvedAgent> {
    const known = this.byDigest.get(digest);
    if (known) return known;
    const entry = held(await this.kv.get(digest));
    if (!entry) throw new PlatformError('agent.unknown', `no definition with the digest ${digest} is recorded`);
    const resolved = entry.json<ResolvedAgent>();
    this.byDigest.set(digest, resolved);
    return resolved;
  }

  /** The release with that digest: a loaded one, or the recorded one. */
  async release(digest: string): Promise<Release> {
    const known = this.releases.get(digest);
    if (known) return known;
    const entry = held(await this.kv.get(digest));
    if (!entry) throw new PlatformError('agent.unknown', `no release with the digest ${digest} is recorded`);
    const release = entry.json<Release>();
    this.releases.set(digest, release);
    return release;
  }

  /**
   * What an invocation that began with this definition and code goes on with here, or why it cannot. Without the code, which
   * older journals do not name, that of this worker counts; without recorded parameters, those of its files.
   */
  async means(digest: string, began: CodeId | undefined, played: boolean): Promise<Means | Lack> {
    const key = `${digest} ${began?.version} ${began?.digest} ${began?.exact} ${played}`;
    const known = this.known.get(key) ?? this.meansFor(await this.resolved(digest), began, played);
    this.known.set(key, known);
    return known;
  }

  private meansFor(resolved: ResolvedAgent, began: CodeId | undefined, played: boolean): Means | Lack {
    const loaded = this.packOf(resolved.pack);
    if (!loaded) return { lacks: `no loaded pack is called ${resolved.pack}` };
    const mine = loaded.release.release.code;
    const here = codeText(resolved.pack, mine);
    const unfit = unfitCode(resolved.pack, began, mine);
    if (unfit !== null) return { lacks: unfit };
    const pack = resolved.parameters ? loaded.withParameters(resolved.parameters) : loaded;
    if ('wrong' in pack) return { lacks: `${here} cannot be made with what it began with: ${pack.wrong}` };
    const lacks = lackOf({ resolved, began, pack, played });
    if (lacks !== null) return { lacks };
    if (began?.digest === mine.digest) return { resolved, pack };
    const how = began
      ? `it began with ${codeText(resolved.pack, began)}`
      : 'it is older than that code and parameters are recorded';
    return { resolved, pack, other: { code: mine, reason: `${how}; judged by ${here}` } };
  }

  /** What a batch of that schedule goes on with here, or why it cannot; null when nobody declares the schedule. */
  async batchMeans(digest: string | undefined, name: string): Promise<BatchMeans | Lack | null> {
    if (digest === undefined) return this.schedule(name) ?? null;
    const { pack: packName, code, schedules, agents } = await this.release(digest);
    const schedule = own(schedules, name);
    if (!schedule) return null;
    const loaded = this.packOf(packName);
    if (!loaded) return { lacks: `no loaded pack is called ${packName}` };
    const unfit = unfitCode(packName, code, loaded.release.release.code);
    if (unfit !== null) return { lacks: unfit };
    const { parameters } = await this.resolved(agents[schedule.agent] ?? '');
    const pack = parameters ? loaded.withParameters(parameters) : loaded;
    return 'wrong' in pack ? { lacks: pack.wrong } : { pack, schedule };
  }

  private packOf(name: string): LoadedPack | undefined {
    return this.packs.find(({ manifest }) => manifest.metadata.name === name);
  }

  schedule(name: string): { pack: LoadedPack; schedule: ScheduleDefinition } | undefined {
    return this.find(
      (pack) => own(pack.manifest.schedules, name),
      (pack, schedule) => ({ pack, schedule }),
    );
  }

  topic(name: string): { pack: LoadedPack; topic: TopicDefinition } | undefined {
    return this.find(
      (pack) => own(pack.manifest.topics, name),
      (pack, topic) => ({ pack, topic }),
    );
  }

  private find<T, R>(
    pick: (pack: LoadedPack) => T | undefined,
    found: (pack: LoadedPack, value: T) => R,
  ): R | undefined {
    for (const pack of this.packs) {
      const value = pick(pack);
      if (value !== undefined) return found(pack, value);
    }
    return undefined;
  }
}
