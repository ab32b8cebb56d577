/** What a run begins with: one release of a pack. All that is begun under it, at any depth and on any worker, is judged by it. */
import { digestOf } from '../digest.ts';
import type { JsonObject } from '../json.ts';
import type { PackManifest } from './schema.ts';

/** Which code of a pack: the version that `pack.yaml` gives it, and the SHA-256 of its files. */
export interface CodeId {
  version: string;
  digest: string;
  /** Set when the pack leaves its runs to workers with the very same code. */
  exact?: true;
}

/** What of a schedule its batches need. */
export interface ReleasedSchedule {
  agent: string;
  targets: string;
  instructions: string;
}

/** Stored in DEFINITIONS under its digest. Plain JSON. */
export interface Release {
  pack: string;
  code: CodeId;
  /** JSON pointer to the subject in a payload. */
  subject: string;
  /** Agent → digest of its definition. */
  agents: Record<string, string>;
  schedules: Record<string, ReleasedSchedule>;
}

export interface RecordedRelease {
  digest: string;
  release: Release;
}

/** The release of a pack as it is loaded. Pure. */
export function releaseOf(
  manifest: PackManifest,
  codeDigest: string,
  agents: ReadonlyMap<string, { digest: string }>,
): RecordedRelease {
  const { name, version } = manifest.metadata;
  const release: Release = {
    pack: name,
    code: { version, digest: codeDigest, ...(manifest.continues === 'exact' && { exact: true }) },
    subject: manifest.subject,
    agents: Object.fromEntries([...agents].map(([agent, { digest }]) => [agent, digest])),
    schedules: Object.fromEntries(
      Object.entries(manifest.schedules).map(([schedule, { agent, targets, instructions }]) => [
        schedule,
        { agent, targets, instructions },
      ]),
    ),
  };
  return { digest: digestOf(release), release };
}

/** `library 1.2.0 (ab12cd34)`. */
export function codeText(pack: string, { version, digest }: CodeId): string {
  return `${pack} ${version} (${digest.slice(0, 8)})`;
}

/** Parameters of a pack by name, as they are recorded. */
export type Parameters = Record<string, JsonObject[string]>;
