/** Reads a backup, and tells a complete one from all else. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../../config/errors.ts';
import { journalStream, OBJECTS_BUCKET, OBJECTS_STREAM, parseJournalSubject } from '../../runtime/subjects.ts';
import {
  type BackupFile,
  FORMAT,
  FORMAT_VERSION,
  isJournal,
  Line,
  MANIFEST,
  Manifest,
  OTHER_STREAMS,
} from './format.ts';

/** The manifest of a folder whose files are all there and unchanged. @throws PlatformError `backup.invalid` */
export async function checkBackup(folder: string, signal: AbortSignal): Promise<Manifest> {
  const manifest = await readManifest(folder);
  const wanted = [...Array.from({ length: manifest.shards }, (_, shard) => journalStream(shard)), ...OTHER_STREAMS];
  const held = manifest.files.map(({ stream }) => stream);
  if (wanted.toSorted().join() !== held.toSorted().join()) {
    throw invalid(`${MANIFEST} names the streams ${held.join(', ')}, expected ${wanted.join(', ')}`);
  }
  for (const file of manifest.files) await checkFile(folder, file, signal);
  return manifest;
}

async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST);
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw invalid(`${folder} is no complete backup: its ${MANIFEST} cannot be read`, cause);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalid(`${path} is not JSON: ${(cause as Error).message}`, cause);
  }
  const { format, version } = (parsed ?? {}) as { format?: unknown; version?: unknown };
  if (format === FORMAT && typeof version === 'number' && version > FORMAT_VERSION) {
    throw invalid(`${path} has the version ${version}, and this platform reads ${FORMAT_VERSION}; use a newer one`);
  }
  const manifest = Manifest.safeParse(parsed);
  if (manifest.success) return manifest.data;
  const [issue] = manifest.error.issues;
  throw invalid(`${path} is no manifest of a backup: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

async function checkFile(folder: string, file: BackupFile, signal: AbortSignal): Promise<void> {
  const path = join(folder, file.file);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw invalid(`${path} cannot be read: ${(cause as Error).message}`, cause);
  }
  if (bytes !== file.bytes) {
    const what = bytes < file.bytes ? 'is cut off' : 'is longer than it was';
    throw invalid(`${path} ${what}: it has ${bytes} bytes, and ${MANIFEST} says ${file.bytes}`);
  }
  if (hash.digest('hex') !== file.sha256) throw invalid(`${path} was changed: its SHA-256 is not that of ${MANIFEST}`);
  let lines = 0;
  for await (const line of linesOf(folder, file)) {
    signal.throwIfAborted();
    lines += 1;
    if (!belongs(file.stream, line.subject))
      throw invalid(`${path}, line ${lines}: ${line.subject} does not belong there`);
  }
  if (lines !== file.lines) throw invalid(`${path} has ${lines} lines, and ${MANIFEST} says ${file.lines}`);
}

/** Whether a stream holds such subjects. */
function belongs(stream: string, subject: string): boolean {
  if (stream === OBJECTS_STREAM) return subject.startsWith(`$O.${OBJECTS_BUCKET}.`);
  if (!isJournal(stream)) return subject.startsWith(stream.startsWith('KV_') ? `$KV.${stream.slice(3)}.` : 'memory.');
  const { tenant, run, path } = parseJournalSubject(subject);
  return subject.startsWith(`journal.${stream.slice('JOURNAL_'.length)}.`) && [tenant, run, path].every(Boolean);
}

/** The messages of a file, oldest first. @throws PlatformError `backup.invalid` with the line */
export async function* linesOf(folder: string, { file }: BackupFile): AsyncGenerator<Line> {
  const path = join(folder, file);
  const input = createReadStream(path, 'utf8');
  // U+2028 and its like stand unescaped in JSON, and readline would break lines at them.
  let at = 0;
  let rest = '';
  for await (const chunk of input as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) yield parseLine(part, `${path}, line ${++at}`);
  }
  if (rest !== '') throw invalid(`${path}, line ${at + 1}: the line does not end`);
}

function parseLine(text: string, where: string): Line {
  try {
    return Line.parse(JSON.parse(text));
  } catch (cause) {
    throw invalid(`${where}: no message of a backup`, cause);
  }
}

function invalid(message: string, cause?: unknown): PlatformError {
  return new PlatformError('backup.invalid', message, { cause });
}
