import type { KV, NatsConnection } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { held } from '../bus/kv.ts';
import type { LoadedAgent, LoadedPack, ResolvedAgent } from './resolved.ts';
import type { ScheduleDefinition, TopicDefinition } from './schema.ts';
import { own } from './words.ts';

const BUCKET = 'DEFINITIONS';

/** An agent as this process has it loaded: with the code of its pack. */
export interface HostedAgent extends LoadedAgent {
  pack: LoadedPack;
}

/**
 * The packs of this process by name, and the record of every resolved definition by digest: an invocation in flight
 * keeps the definition it began with, also when the files have changed since.
 */
export class Catalog {
  readonly packs: readonly LoadedPack[];
  private readonly kv: KV;
  private readonly byDigest = new Map<string, ResolvedAgent>();

  private constructor(packs: readonly LoadedPack[], kv: KV) {
    this.packs = packs;
    this.kv = kv;
    for (const { digest, resolved } of this.agents()) this.byDigest.set(digest, resolved);
  }

  /** Opens the record and writes into it what it does not hold yet. */
  static async open(nc: NatsConnection, packs: readonly LoadedPack[]): Promise<Catalog> {
    const kv = await nc.jetstream().views.kv(BUCKET, { history: 1 });
    const catalog = new Catalog(packs, kv);
    await Promise.all(
      catalog.agents().map(async ({ digest, resolved }) => {
        if (held(await kv.get(digest)) === null) await kv.put(digest, JSON.stringify(resolved));
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
