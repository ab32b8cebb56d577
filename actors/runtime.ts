import type { Logger } from 'pino';
import type { Mailbox } from '../runtime/address.ts';
import type { Catalog } from '../runtime/definitions/catalog.ts';
import type { Journal } from '../runtime/journal/journal.ts';
import type { Mailer } from '../runtime/mail/mail.ts';
import type { LongTermMemory } from '../runtime/memory/long-term.ts';
import type { ModelProvider } from '../runtime/model/provider.ts';
import type { Clockwork } from '../runtime/schedules/clockwork.ts';
import type { Sources } from '../runtime/tools/sources.ts';
import type { TopicEvent, Topics } from '../runtime/topics/topics.ts';
import type { Invocation, ThreadTurn, Timer, Trace } from '../runtime/journal/entry.ts';
import type { Threads } from '../runtime/memory/thread.ts';
import type { Mail } from '../runtime/mail/mail.ts';

/** What actors need of the outside, made once per process. The clock and ids come from here and nowhere else. */
export interface Runtime {
  /** Names this process in claims: one subject token. */
  worker: string;
  journal: Journal;
  mailer: Mailer;
  memory: LongTermMemory;
  threads: Threads;
  topics: Topics;
  clockwork: Clockwork;
  catalog: Catalog;
  sources: Sources;
  /** Answers runs that begin here. */
  model: ModelProvider;
  /** The model that a run began with, should it be another one; it refuses what this process was not told to ask. */
  otherModel(name: string): ModelProvider;
  log: Logger;
  /** On how many servers each stream is kept that is made. */
  replicas: number;
  /** Longest that a tool may take, in milliseconds. */
  toolTimeoutMs: number;
  /** Longest result that a model with a window is shown whole, in characters of its JSON. */
  maxResultChars: number;
  /** How many runs of one batch may be open at once. */
  batchWindow: number;
  /** By the clock of the NATS server, by which timers fire. */
  now(): Date;
  /** Whether that clock has been measured; else `now` is of this machine's own. */
  whoseTime(): 'nats' | 'own';
  /** A fresh unique id. */
  id(): string;
}

/** What a state asks to be sent once its entry is appended. Every one may be repeated: its effect is created once. */
export type Send =
  | { kind: 'mail'; to: Mailbox; mail: Mail; trace: Trace }
  | { kind: 'timer'; to: Mailbox; timer: Timer; trace: Trace }
  | { kind: 'no timer'; to: Mailbox; name: string }
  | { kind: 'root'; invocation: Invocation }
  | { kind: 'event'; event: TopicEvent }
  | { kind: 'thread'; tenant: string; agent: string; thread: string; turn: ThreadTurn; window: number };
