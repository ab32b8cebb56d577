/**
 * What `$SRV.STATS` tells of an endpoint. The client counts what its handlers throw and how long they take to return;
 * ours answer later, so the door counts by itself: each request once, when it has been answered.
 */
export interface Counts {
  num_requests: number;
  num_errors: number;
  /** Empty when there has been none. */
  last_error: string;
  /** Nanoseconds, in total and per request; both whole. */
  processing_time: number;
  average_processing_time: number;
}

export function noCounts(): Counts {
  return { num_requests: 0, num_errors: 0, last_error: '', processing_time: 0, average_processing_time: 0 };
}

const NS_PER_MS = 1_000_000;

/** `error` is the message that the requester got, null when the request was granted. */
export function count(counts: Counts, tookMs: number, error: string | null): void {
  counts.num_requests += 1;
  counts.processing_time += Math.round(tookMs * NS_PER_MS);
  counts.average_processing_time = Math.trunc(counts.processing_time / counts.num_requests);
  if (error === null) return;
  counts.num_errors += 1;
  counts.last_error = error;
}
