/**
 * Writes one object in the layout of NATS object stores. The client's own put sends all chunks at once and, when one fails,
 * purges while others are on their way; when only the answer to its last message is lost, it purges chunks that are named.
 *
 * 1. One chunk after the other: what has failed leaves nothing on its way that still may arrive, but for a lost answer.
 * 2. Chunks are removed only when the server says that no object names them, and no message that would is on its way.
 */
import { createHash } from 'node:crypto';
import { headers, type NatsConnection, NatsError, nuid, type ObjectStore } from 'nats';
import { isAnswered } from '../bus/patience.ts';
import { OBJECTS_BUCKET, OBJECTS_STREAM } from '../subjects.ts';

const CHUNK_BYTES = 128 * 1024;
const ACK_TIMEOUT_MS = 5_000;

export async function putObject(nc: NatsConnection, store: ObjectStore, name: string, content: Buffer): Promise<void> {
  const js = nc.jetstream();
  const id = nuid.next();
  const chunkSize = Math.min(CHUNK_BYTES, nc.info?.max_payload ?? CHUNK_BYTES);
  const chunkSubject = `$O.${OBJECTS_BUCKET}.C.${id}`;
  let named = false;
  try {
    for (let at = 0; at < content.length; at += chunkSize) {
      await js.publish(chunkSubject, content.subarray(at, at + chunkSize), { timeout: ACK_TIMEOUT_MS });
    }
    const rollup = headers();
    rollup.set('Nats-Rollup', 'sub');
    const info = {
      name,
      bucket: OBJECTS_BUCKET,
      nuid: id,
      size: content.length,
      chunks: Math.ceil(content.length / chunkSize),
      mtime: new Date().toISOString(),
      digest: `SHA-256=${encoded(createHash('sha256').update(content).digest())}`,
      deleted: false,
      options: { max_chunk_size: chunkSize },
    };
    const subject = `$O.${OBJECTS_BUCKET}.M.${encoded(Buffer.from(name))}`;
    named = true;
    await js.publish(subject, JSON.stringify(info), { headers: rollup, timeout: ACK_TIMEOUT_MS });
  } catch (error) {
    if ((await store.info(name))?.nuid === id) return; // Only its answer was lost.
    // A server that is late may yet take it: an object without its chunks would be what a journal names.
    if (named && !(error instanceof NatsError && isAnswered(error))) throw error;
    const jsm = await nc.jetstreamManager();
    await jsm.streams.purge(OBJECTS_STREAM, { filter: chunkSubject }); // (2)
    throw error;
  }
}

/** Base64 for addresses, with its padding. */
function encoded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
