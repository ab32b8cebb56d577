import type { Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Trace } from '../../runtime/journal/entry.ts';
import type { Platform } from '../platform/platform.ts';
import type { CountersStore } from '../serve/counters.ts';

/** What the worker of this process tells of itself; a process may have none. */
export interface Vitals {
  /** Activations that compute. */
  live: number;
  /** Activations that crashed and wait for their restart. */
  restarting: number;
  decided: Readonly<Partial<Record<string, number>>>;
  ended: Readonly<Partial<Record<string, number>>>;
}

/** What the routes are made of. */
export interface HttpContext {
  platform: Platform;
  counters: CountersStore;
  /** Null: this process only asks. */
  vitals: (() => Vitals) | null;
  /** Aborts when the door closes: requests that wait are answered, streams end. */
  stopping: AbortSignal;
  heartbeatMs: number;
  /** Whether a connection is good for questions after the health alone; absent without a socket. */
  isSpare?(socket: Socket): boolean;
  /** How long a reader of events may take nothing before it is cut off. */
  stallMs: number;
}

/** `Bindings` is empty when a test asks the app without a socket. */
export interface Env {
  Bindings: Partial<HttpBindings>;
  Variables: { trace: Trace };
}

export type HttpRequest = Context<Env>;
