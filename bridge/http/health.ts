/**
 * `/healthz` says that the process runs; `/readyz` that it can do its work: write a journal, fenced, and reach Redis.
 * A server may answer pings with a full disk; only a write tells.
 */
import { NatsError } from 'nats';
import { type ErrorCode, PlatformError } from '../../config/errors.ts';
import { inTime } from '../contract/in-time.ts';
import { refusalBody } from '../contract/refusals.ts';
import type { Readiness } from '../contract/schemas.ts';
import type { Platform } from '../platform/platform.ts';
import { checkDiskSpace } from '../platform/disk-space.ts';
import { isFull, isWrongLastSequence } from '../../runtime/bus/publish.ts';
import { READY_KEY } from '../../runtime/memory/keys.ts';
import { coded } from '../../runtime/memory/trouble.ts';
import { journalStream, PROBE_SUBJECT } from '../../runtime/subjects.ts';
import { atMostEvery } from './at-most-every.ts';
import type { HttpContext, HttpRequest } from './context.ts';

const FRESH_MS = 1_000;
const TIMEOUT_MS = 2_000;
const REDIS_TROUBLES: Partial<Record<ErrorCode, string>> = {
  'redis.full': 'Redis has no memory left',
  'redis.read_only': 'Redis takes no writes',
};
/** Other processes probe the same subject; losing to them proves nothing about this one. */
const TRIES = 5;

export function healthRoutes({ platform, stopping }: HttpContext) {
  const { log } = platform.runtime;
  /** By what was looked at, the reason that was logged last. */
  const said = new Map<string, string>();
  const readiness = atMostEvery(FRESH_MS, async (): Promise<Readiness> => {
    const told = async (what: string, check: Promise<unknown>): Promise<string> => {
      try {
        await inTime(TIMEOUT_MS, check);
        if (said.delete(what)) log.info(`ready again, after: ${what}`);
        return 'ok';
      } catch (err) {
        const reason = reasonOf(what, err);
        // Once for people: as long as it stays so, there is nothing new to say.
        log[said.get(what) === reason ? 'debug' : 'warn']({ err }, `not ready: ${reason}`);
        said.set(what, reason);
        return reason;
      }
    };
    const [journal, memory] = await Promise.all([
      told('the journal could not be written', probeJournal(platform)),
      told('Redis did not answer', coded(probeRedis(platform))),
    ]);
    return { ready: journal === 'ok' && memory === 'ok', checks: { journal, memory } };
  });

  return {
    healthz: (c: HttpRequest) => c.json({ status: 'up' }, 200),
    readyz: async (c: HttpRequest) => {
      if (stopping.aborted) return c.json(notReady('this process is stopping'), 503);
      const { ready, checks } = await readiness();
      if (ready) return c.json({ ready, checks }, 200);
      const wrong = Object.values(checks).filter((text) => text !== 'ok');
      c.header('retry-after', '5');
      return c.json({ ...notReady(wrong.join('; ')), ready, checks }, 503);
    },
  };
}

function notReady(message: string) {
  return refusalBody({ code: 'platform.not_ready', message });
}

/** Appends behind the last probe as a journal's writer would, then removes the earlier ones: one message remains. */
async function probeJournal({ nc, jsm, runtime, settings }: Platform): Promise<void> {
  checkDiskSpace(settings);
  const stream = journalStream(0);
  const data = JSON.stringify({ writer: runtime.worker, at: runtime.now().toISOString() });
  for (let tries = TRIES; ; tries--) {
    const last = await jsm.streams.getMessage(stream, { last_by_subj: PROBE_SUBJECT }).catch(nullWhenNone);
    try {
      const expect = { lastSubjectSequence: last?.seq ?? 0 };
      await nc.jetstream().publish(PROBE_SUBJECT, data, { expect, timeout: TIMEOUT_MS });
      break;
    } catch (error) {
      if (tries <= 1 || !(error instanceof NatsError) || !isWrongLastSequence(error)) throw error;
    }
  }
  await jsm.streams.purge(stream, { filter: PROBE_SUBJECT, keep: 1 });
}

/** A replica, or a server without room, answers pings; only a write tells. */
async function probeRedis({ redis, runtime }: Platform): Promise<void> {
  await redis.set(READY_KEY, runtime.worker, 'PX', 60_000);
}

/** Paths of this machine are for the log. */
function reasonOf(what: string, error: unknown): string {
  if (isFull(error)) return `${what}: no room is left`;
  if (!(error instanceof PlatformError)) return what;
  const trouble = REDIS_TROUBLES[error.code];
  if (trouble !== undefined) return trouble;
  if (error.code !== 'storage.full') return what;
  const [free, reserve] = [error.details.free, error.details.reserve].map((bytes) =>
    Math.floor(Number(bytes) / 2 ** 20),
  );
  return `${what}: too little room is left, ${free} MB where ${reserve} MB are kept for work in hand`;
}

function nullWhenNone(error: unknown): null {
  if (error instanceof NatsError && error.api_error?.code === 404) return null;
  throw error;
}
