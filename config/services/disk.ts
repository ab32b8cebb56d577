/** How much room the disk of the embedded servers has, and how much of it is kept for work in hand. */
import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

const MEGABYTE = 1024 * 1024;
const DEFAULT_RESERVE_MB = 256;
/** Of a small disk the default reserve takes no more than this part, and the server's own margin a quarter of that. */
const PART = 0.1;

export interface Room {
  /** Bytes that this user may still write. */
  readonly free: number;
  /** Bytes below which doors take nothing more. */
  readonly reserve: number;
}

/** The room of a folder that exists, as the system says it now. */
export function diskSpaceOf(folder: string, reserveMb: number | undefined): Room {
  const { bavail, bsize, blocks } = statfsSync(folder);
  const reserve =
    reserveMb === undefined ? Math.min(DEFAULT_RESERVE_MB * MEGABYTE, blocks * bsize * PART) : reserveMb * MEGABYTE;
  return { free: bavail * bsize, reserve: Math.floor(reserve) };
}

/**
 * What the embedded NATS server may store below `folder`, in bytes: what it has, and what is left but for a margin. At the
 * limit it refuses, and goes on when there is room; on a disk that is truly full it stops storing for good.
 */
export function storeLimit(folder: string): number {
  const { free, reserve } = diskSpaceOf(folder, undefined);
  return bytesIn(folder) + Math.max(0, free - Math.floor(reserve / 4));
}

const WATCHED_MS = 1_000;
/** With less, a write may have failed. */
const FULL_BYTES = 2 * MEGABYTE;

/** Calls back each time the disk was full and has room again. Returns how to end it. */
export function watchDisk(folder: string, onRoomAgain: () => void): () => void {
  let wasFull = false;
  const timer = setInterval(() => {
    const room = existsSync(folder) ? diskSpaceOf(folder, undefined) : null;
    if (room === null) return; // Somebody removed it under its servers.
    const { free, reserve } = room;
    if (free < Math.min(FULL_BYTES, reserve / 4)) wasFull = true;
    if (!wasFull || free < reserve / 2) return;
    wasFull = false;
    onRoomAgain();
  }, WATCHED_MS);
  return () => clearInterval(timer);
}

function bytesIn(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += bytesIn(path);
    else bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
