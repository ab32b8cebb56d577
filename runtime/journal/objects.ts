/**
 * Large values, kept beside the journals and named there by a reference.
 *
 * 1. An object is written, and confirmed, before anything names it. It is named by the SHA-256 of its JSON text, so that
 *    writing it again writes nothing, and it is never changed or removed.
 * 2. A reference is made here and nowhere else: a value that only looks like one is kept as an object, too. So what a tool,
 *    a caller or a model says is never taken for a reference.
 * 3. What is read back is what was written, by its digest; anything else is `object.missing`.
 */
import { createHash } from 'node:crypto';
import { DiscardPolicy, type NatsConnection, type ObjectStore, StorageType } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { ensureStream } from '../bus/streams.ts';
import { untilAnswered, type WhenFull } from '../bus/publish.ts';
import type { Json } from '../json.ts';
import { OBJECTS_BUCKET, OBJECTS_STREAM } from '../subjects.ts';
import { putObject } from './put-object.ts';

/** What stands in for a large value. */
export interface Reference {
  $object: {
    /** SHA-256 of the value's JSON text, hex. */
    digest: string;
    /** Of that text in UTF-8. */
    bytes: number;
    /** How that text begins, for people. */
    preview: string;
  };
}

/** A value whose JSON text is longer, in bytes, is named by reference. */
export const LARGEST_INLINE = 65_536;
/** As the client makes it. */
const OBJECTS = {
  name: OBJECTS_STREAM,
  subjects: [`$O.${OBJECTS_BUCKET}.C.>`, `$O.${OBJECTS_BUCKET}.M.>`],
  storage: StorageType.File,
  discard: DiscardPolicy.New,
  allow_direct: true,
  allow_rollup_hdrs: true,
};
const PREVIEW = 500;
const READ_TIMEOUT_MS = 30_000;
/** Bytes of text that a process keeps of what it read or wrote last. */
const KEPT_BYTES = 32 * 1024 * 1024;

export class Objects {
  private readonly nc: NatsConnection;
  private readonly whenFull: WhenFull;
  private readonly replicas: number;
  private opening: Promise<ObjectStore> | null = null;
  /** Texts by digest, the longest unused first. */
  private readonly kept = new Map<string, { text: string; bytes: number }>();
  private keptBytes = 0;

  constructor(nc: NatsConnection, whenFull: WhenFull = 'wait', replicas = 1) {
    this.nc = nc;
    this.replicas = replicas;
    this.whenFull = whenFull;
  }

  /** The value as it may be written down: itself, or a reference to it once it is safely kept. (1, 2) */
  async cut(value: Json): Promise<Json> {
    const text = JSON.stringify(value);
    if (text.length * 3 <= LARGEST_INLINE && !isReference(value)) return value;
    const bytes = Buffer.byteLength(text);
    if (bytes <= LARGEST_INLINE && !isReference(value)) return value;
    const digest = createHash('sha256').update(text).digest('hex');
    await this.write(digest, text);
    this.keep(digest, text, bytes);
    return { $object: { digest, bytes, preview: text.slice(0, PREVIEW) } } satisfies Reference as unknown as Json;
  }

  /** The value that was cut. @throws PlatformError `object.missing` */
  async whole(value: Json): Promise<Json> {
    if (!isReference(value)) return value;
    const { digest } = value.$object;
    const text = this.kept.get(digest)?.text ?? (await this.read(digest));
    this.keep(digest, text, Buffer.byteLength(text));
    return JSON.parse(text) as Json;
  }

  private store(): Promise<ObjectStore> {
    this.opening ??= openObjects(this.nc, this.replicas);
    return this.opening;
  }

  private async write(digest: string, text: string): Promise<void> {
    await untilAnswered(this.nc, this.whenFull, async () => {
      try {
        const store = await this.store();
        const there = await store.info(digest);
        if (there === null || there.deleted) await putObject(this.nc, store, digest, Buffer.from(text));
      } catch (error) {
        this.opening = null;
        throw error;
      }
    });
  }

  /** (3) */
  private async read(digest: string): Promise<string> {
    const found = await (await this.store()).get(digest);
    const chunks: Uint8Array[] = [];
    if (found) {
      found.error.catch(() => {}); // The reader is told, too.
      const reader = found.data.getReader();
      // A chunk that is not there is waited for without end.
      const timer = setTimeout(() => void reader.cancel().catch(() => {}), READ_TIMEOUT_MS);
      try {
        for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
      } finally {
        clearTimeout(timer);
      }
    }
    const content = Buffer.concat(chunks);
    if (createHash('sha256').update(content).digest('hex') === digest) return content.toString('utf8');
    const what = found ? 'is damaged' : 'is not there';
    throw new PlatformError('object.missing', `the object ${digest}, which a journal names, ${what}; restore OBJECTS`);
  }

  private keep(digest: string, text: string, bytes: number): void {
    const had = this.kept.get(digest);
    this.kept.delete(digest);
    this.kept.set(digest, { text, bytes });
    this.keptBytes += had ? 0 : bytes;
    for (const [oldest, each] of this.kept) {
      if (this.keptBytes <= KEPT_BYTES) return;
      this.kept.delete(oldest);
      this.keptBytes -= each.bytes;
    }
  }
}

/** The store itself, made when it is not there. The client would send its own option `replicas`, which servers refuse. */
export async function openObjects(nc: NatsConnection, replicas = 1): Promise<ObjectStore> {
  if (replicas > 1) await ensureStream(await nc.jetstreamManager(), { ...OBJECTS, num_replicas: replicas });
  return nc.jetstream().views.os(OBJECTS_BUCKET, { storage: StorageType.File });
}

/** Of what came out of `cut`, whether it is a reference. Pure. */
export function isReference(value: unknown): value is Reference {
  if (typeof value !== 'object' || value === null || !('$object' in value)) return false;
  const { digest } = (value.$object ?? {}) as { digest?: unknown };
  return Object.keys(value).length === 1 && typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
}
