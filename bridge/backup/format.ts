/**
 * A backup of the records, as a folder that people and tools can read:
 *
 * - one file per stream, `<STREAM>.ndjson`, one message per line in the stream's order: `{subject, time, headers?, data}`,
 *   `data` as text, or `data_base64` for what is no UTF-8;
 * - `manifest.json`, written last: which files there are, and of each its lines, bytes and SHA-256. A folder without it is
 *   no backup.
 *
 * The sums find what was damaged or cut off; they prove nothing against somebody who can write the manifest too.
 */
import { z } from 'zod';
import { MEMORY_STREAM, OBJECTS_STREAM } from '../../runtime/subjects.ts';

export const FORMAT = 'agent-platform-backup';
export const FORMAT_VERSION = 1;
export const MANIFEST = 'manifest.json';

export const Manifest = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  /** ISO time at which the backup began. */
  made: z.iso.datetime(),
  /** Version of the platform that made it. */
  platform: z.string(),
  /** Journal streams it was made from; it can be restored into another number of them. */
  shards: z.int().min(1),
  files: z.array(
    z.strictObject({
      file: z.string().regex(/^[A-Z][A-Z0-9_]*\.ndjson$/),
      stream: z.string(),
      lines: z.int().min(0),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type Manifest = z.infer<typeof Manifest>;
export type BackupFile = Manifest['files'][number];

export const Line = z.strictObject({
  subject: z.string().min(1),
  /** ISO time at which the server stored it. */
  time: z.string(),
  headers: z.record(z.string(), z.array(z.string())).optional(),
  data: z.string().optional(),
  data_base64: z.base64().optional(),
});
export type Line = z.infer<typeof Line>;

export const DEFINITIONS_STREAM = 'KV_DEFINITIONS';
export const SCHEDULES_STREAM = 'KV_SCHEDULES';

/** What is kept beside the journals, in the order in which it is restored: before any run that may refer to it. */
export const OTHER_STREAMS = [DEFINITIONS_STREAM, SCHEDULES_STREAM, MEMORY_STREAM, OBJECTS_STREAM] as const;

export function isJournal(stream: string): boolean {
  return /^JOURNAL_\d+$/.test(stream);
}

/** What a stream's messages are called, for people. */
export function kindOf(stream: string): 'entries' | 'memories' | 'definitions' | 'schedules' | 'object_parts' {
  if (isJournal(stream)) return 'entries';
  if (stream === MEMORY_STREAM) return 'memories';
  if (stream === OBJECTS_STREAM) return 'object_parts';
  return stream === DEFINITIONS_STREAM ? 'definitions' : 'schedules';
}

export type Counts = Record<ReturnType<typeof kindOf>, number>;

export function countsOf({ files }: Manifest): Counts {
  const counts: Counts = { entries: 0, memories: 0, definitions: 0, schedules: 0, object_parts: 0 };
  for (const { stream, lines } of files) counts[kindOf(stream)] += lines;
  return counts;
}

export function bodyOf({ data, data_base64 }: Line): Uint8Array {
  return Buffer.from(data ?? data_base64 ?? '', data === undefined ? 'base64' : 'utf8');
}
