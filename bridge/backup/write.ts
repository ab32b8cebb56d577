/**
 * Writes a backup while work goes on.
 *
 * 1. Each stream is copied up to a sequence that is read before: the order within it is kept, and all invocations of a
 *    run lie in one stream, so of each run the backup has a beginning without gaps.
 * 2. All journals are cut at about the same moment, and what they refer to (definitions, memories, large values) after them. What still
 *    differs is what recovery deals with anyway: a batch may be there without a run that it has started, which it then
 *    starts; or a run that it has heard of already, which then ends once more, unheard.
 * 3. All is written beside the folder, the manifest last, and renamed: an interrupted backup never looks like one.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';
import type { JetStreamManager, NatsConnection } from 'nats';
import { PlatformError } from '../../config/errors.ts';
import { journalFilter, journalStream } from '../../runtime/subjects.ts';
import { packageVersion } from '../platform/version.ts';
import { type BackupFile, FORMAT, FORMAT_VERSION, MANIFEST, type Manifest, OTHER_STREAMS } from './format.ts';
import { messagesOf, type ReadStream } from './messages.ts';

export interface BackupRequest {
  nc: NatsConnection;
  /** Must not exist, or be empty. */
  folder: string;
  shards: number;
  /** Aborting leaves nothing behind. */
  signal: AbortSignal;
  now: Date;
  /** Told how many messages there are, once, and then of each. */
  onTotal?(total: number): void;
  onMessage?(): void;
}

/** @throws PlatformError `backup.exists`, `state.denied` or `nats.unreachable`; then there is no folder. */
export async function writeBackup(request: BackupRequest): Promise<Manifest> {
  const { nc, folder, shards, signal, now, onTotal = () => {}, onMessage = () => {} } = request;
  const target = resolve(folder);
  await mustBeNew(target);
  const beside = join(dirname(target), `.${basename(target)}.unfinished-${process.pid}`);
  try {
    await mkdir(dirname(target), { recursive: true });
    await mkdir(beside, { mode: 0o700 });
    const jsm = await nc.jetstreamManager();
    const { journals, total } = await cutJournals(jsm, shards);
    onTotal(total);
    const files: BackupFile[] = [];
    for (const cut of journals) files.push(await copy(nc, cut, beside, signal, onMessage));
    for (const stream of OTHER_STREAMS) {
      files.push(await copy(nc, { ...(await cutOf(jsm, stream)), filter: '>' }, beside, signal, onMessage));
    }
    const platform = packageVersion();
    const manifest: Manifest = {
      format: FORMAT,
      version: FORMAT_VERSION,
      made: now.toISOString(),
      platform,
      shards,
      files,
    };
    await writeSynced(join(beside, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await sync(beside);
    signal.throwIfAborted();
    await rename(beside, target);
    await sync(dirname(target));
    return manifest;
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw refusal(target, error);
  }
}

async function mustBeNew(folder: string): Promise<void> {
  const held = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw refusal(folder, error);
  });
  if (held.length === 0) return;
  throw new PlatformError('backup.exists', `${folder} is not empty; name a folder that does not exist yet`);
}

function refusal(folder: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof PlatformError || !/^E[A-Z]+$/.test(code ?? '')) return error;
  if (code === 'ENOTDIR' || code === 'ENOTEMPTY' || code === 'EEXIST') {
    return new PlatformError('backup.exists', `${folder} cannot become a backup: ${message}`, { cause: error });
  }
  return new PlatformError('state.denied', `${folder} cannot be written: ${message}`, { cause: error });
}

/** (2) */
async function cutJournals(jsm: JetStreamManager, shards: number): Promise<{ journals: ReadStream[]; total: number }> {
  const names = Array.from({ length: shards }, (_, shard) => journalStream(shard));
  const cuts = await Promise.all(names.map((name) => cutOf(jsm, name)));
  const others = await Promise.all(OTHER_STREAMS.map((name) => cutOf(jsm, name)));
  return {
    journals: cuts.map((cut, shard) => ({ ...cut, filter: journalFilter(shard) })),
    total: [...cuts, ...others].reduce((sum, { messages }) => sum + messages, 0),
  };
}

/** A stream that does not exist yet holds nothing. */
async function cutOf(
  jsm: JetStreamManager,
  stream: string,
): Promise<{ stream: string; upTo: number; messages: number }> {
  try {
    const { state } = await jsm.streams.info(stream);
    return { stream, upTo: state.last_seq, messages: state.messages };
  } catch (error) {
    if (/stream not found/i.test((error as Error).message)) return { stream, upTo: 0, messages: 0 };
    throw error;
  }
}

/** (1) */
async function copy(
  nc: NatsConnection,
  read: ReadStream,
  folder: string,
  signal: AbortSignal,
  onMessage: () => void,
): Promise<BackupFile> {
  const file = `${read.stream}.ndjson`;
  const out = createWriteStream(join(folder, file), { mode: 0o600, flush: true });
  const done = finished(out);
  done.catch(() => {}); // Told below.
  const hash = createHash('sha256');
  let lines = 0;
  let bytes = 0;
  try {
    for await (const message of messagesOf(nc, read)) {
      signal.throwIfAborted();
      const line = Buffer.from(`${JSON.stringify(message)}\n`);
      hash.update(line);
      lines += 1;
      bytes += line.length;
      if (!out.write(line)) await Promise.race([once(out, 'drain'), done]);
      onMessage();
    }
    out.end();
    await done;
  } catch (error) {
    out.destroy();
    throw error;
  }
  return { file, stream: read.stream, lines, bytes, sha256: hash.digest('hex') };
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A folder's entries are on disk only once the folder is synced. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
