import { type Address, type Mailbox, ROOT_PATH } from './address.ts';

/**
 * Every NATS subject, spelled here and nowhere else. A token made from data (a run id, a subject id) may hold any
 * character; `escapeToken` makes it one subject token, reversibly: bytes outside `A–Z a–z 0–9 _ -` become `%XX` of
 * their UTF-8, the empty string becomes a lone `%`.
 */
export function escapeToken(text: string): string {
  if (text === '') return '%';
  if (/^[A-Za-z0-9_-]+$/.test(text)) return text;
  let token = '';
  for (const byte of new TextEncoder().encode(text)) {
    const char = String.fromCharCode(byte);
    token += /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return token;
}

export function unescapeToken(token: string): string {
  if (token === '%') return '';
  if (!token.includes('%')) return token;
  const bytes: number[] = [];
  for (let i = 0; i < token.length; i++) {
    if (token[i] === '%') {
      bytes.push(Number.parseInt(token.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(token.charCodeAt(i));
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

const BATCH_AGENT = '_schedule-';

/** The agent token of a schedule's batches. No agent name may begin with `_`. */
export function batchAgent(schedule: string): string {
  return `${BATCH_AGENT}${schedule}`;
}

export function isBatchAgent(agent: string): boolean {
  return agent.startsWith(BATCH_AGENT);
}

/** The schedule of a batch's agent token; null for an agent. */
export function scheduleOf(agent: string): string | null {
  return isBatchAgent(agent) ? agent.slice(BATCH_AGENT.length) : null;
}

/** Work queue: roots to begin, and the mailboxes of invocations. */
export const MAIL_STREAM = 'MAIL';
export const MAIL_SUBJECTS = ['start.>', 'mail.>', 'timer.>', 'cron.>'];

/** What the server says of mail that it delivers no more, kept for `reconcile` and for people. */
export const ADVISORIES_STREAM = 'ADVISORIES';
export const MAX_DELIVERIES_SUBJECT = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${MAIL_STREAM}.>`;

export function startSubject({ tenant, agent, run }: Mailbox): string {
  return `start.${tenant}.${agent}.${escapeToken(run)}`;
}

export function mailSubject({ tenant, agent, run, path }: Mailbox): string {
  return `mail.${tenant}.${agent}.${escapeToken(run)}.${path}`;
}

/** Holds a schedule's cron line; the server publishes a tick from it at each time. Purging it stops the schedule. */
export function cronSubject(tenant: string, schedule: string): string {
  return `cron.${tenant}.${schedule}`;
}

/** Where ticks land: with the mail of the schedule's batches, so whoever hosts the schedule takes them. */
export function tickSubject(tenant: string, schedule: string): string {
  return `mail.${tenant}.${batchAgent(schedule)}.tick.0`;
}

/** Holds one timer of an invocation; the server posts its mail from it at the time. Purging it cancels the timer. */
export function timerSubject({ tenant, run, path }: Address, name: string): string {
  return `timer.${tenant}.${escapeToken(run)}.${path}.${name}`;
}

/** Where one worker takes requests of the others. */
export function workerSubject(worker: string): string {
  return `worker.${worker}`;
}

/** Somebody listens here exactly as long as a worker lives whose packs define the agent. */
export function hostSubject(agent: string): string {
  return `hosts.${agent}`;
}

/** Whoever begins to reconcile by itself says so to all who would do the same: who serves the topics with this digest. */
export function reconcilingSubject(topics: string): string {
  return `reconciling.${topics}`;
}

/** What the durable consumer of one agent filters. */
export function startFilter(agent: string): string {
  return `start.*.${agent}.>`;
}

export function mailFilter(agent: string): string {
  return `mail.*.${agent}.>`;
}

/** Reads a start or mail subject back into the mailbox it names. */
export function parseMailbox(subject: string): Mailbox {
  const [kind, tenant = '', agent = '', run = '', path = ROOT_PATH] = subject.split('.');
  return { tenant, agent, run: unescapeToken(run), path: kind === 'start' ? ROOT_PATH : path };
}

/** Which of the `shards` journal streams holds a run: FNV-1a of the run id, so all invocations of a run share one. */
export function shardOf(run: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(run)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % shards;
}

export function journalStream(shard: number): string {
  return `JOURNAL_${shard}`;
}

export function journalSubject({ tenant, run, path }: Address, shard: number): string {
  return `journal.${shard}.${tenant}.${escapeToken(run)}.${path}`;
}

/** All journals of a shard, of one tenant, or of one run. */
export function journalFilter(shard: number, tenant = '*', run?: string): string {
  return `journal.${shard}.${tenant}.${run === undefined ? '>' : `${escapeToken(run)}.>`}`;
}

/** Where a process proves that it can write: in the first shard, and outside of every filter of journals. */
export const PROBE_SUBJECT = 'journal.0._ready';

export function parseJournalSubject(subject: string): Address {
  const [, , tenant = '', run = '', path = ''] = subject.split('.');
  return { tenant, run: unescapeToken(run), path };
}

/** Large values that entries name by their digest: an object store. */
export const OBJECTS_BUCKET = 'OBJECTS';
export const OBJECTS_STREAM = `OBJ_${OBJECTS_BUCKET}`;

export const MEMORY_STREAM = 'MEMORY';

export function memorySubject(tenant: string, scope: string, id: string): string {
  return `memory.${tenant}.${scope}.${escapeToken(id)}`;
}

export function memoryFilter(tenant = '*'): string {
  return `memory.${tenant}.>`;
}

/** All memories of one scope. */
export function scopeFilter(tenant: string, scope: string): string {
  return `memory.${tenant}.${scope}.*`;
}

/** Null for a subject below `memory.` that is no memory's. */
export function parseMemorySubject(subject: string): { tenant: string; scope: string; id: string } | null {
  const [, tenant, scope, id, ...more] = subject.split('.');
  return tenant && scope && id && more.length === 0 ? { tenant, scope, id: unescapeToken(id) } : null;
}

/** One stream per topic; published under `emit.`, stored and republished under the public subject. */
export function topicStream(topic: string): string {
  return `TOPIC_${topic}`;
}

/** Events of a topic, of one tenant or of all. */
export function topicFilter(topic: string, tenant?: string): string {
  return tenant === undefined ? `${topic}.>` : `${topic}.${tenant}.>`;
}

export function emitSubject(publicSubject: string): string {
  return `emit.${publicSubject}`;
}

/** Somebody listens here exactly as long as a worker lives that asks the model for the agent. */
export function modelSubject(model: string, agent: string): string {
  return `model.${escapeToken(model)}.${agent}`;
}

/** A service endpoint: `api.<tenant>.<group>.<name>`; each part is a name, `*` stands for any. */
export function apiSubject(tenant: string, group: string, name: string): string {
  return `api.${tenant}.${group}.${name}`;
}

export function parseApiSubject(subject: string): { tenant: string; group: string; name: string } {
  const [, tenant = '', group = '', name = ''] = subject.split('.');
  return { tenant, group, name };
}

/** Somebody listens here exactly as long as somebody serves the endpoint: «no responders» says that nobody does. */
export function servedSubject(tenant: string, group: string, name: string): string {
  return `served.${tenant}.${group}.${name}`;
}
