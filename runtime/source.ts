import type { JsonObject } from './json.ts';
import type { MemorySeed } from './memory/memory.ts';

/** One thing a schedule checks: its id (any string) and the payload that the agent is started with. */
export interface Target {
  id: string;
  payload: JsonObject;
}

/** A pack's view of one data folder, opened once per worker and closed with it. */
export interface Source {
  /** ISO date of the latest data. */
  readonly asOf: string;
  /** The targets of a target list that `pack.yaml` names, in a stable order. */
  targets(list: string, asOf: string): Promise<Target[]>;
  /** Whether the data knows a subject. A source that cannot tell leaves it out, and every subject may be asked about. */
  knows?(subject: string): Promise<boolean>;
  /** Memories that the folder brings along. */
  memories(): Promise<MemorySeed[]>;
  /** What the folder holds, in the order in which people read it. */
  counts?(): Promise<DataCount[]>;
  close(): Promise<void>;
}

/** `usage rows: 7702`, `usage dates: 2026-07-20 to 2026-11-16`. */
export interface DataCount {
  label: string;
  value: number | string;
}
