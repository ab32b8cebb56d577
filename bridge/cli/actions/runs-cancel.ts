import { userInfo } from 'node:os';
import { PlatformError } from '../../../config/errors.ts';
import { Cancel } from '../../contract/human-schemas.ts';
import { checkRequest } from '../../contract/parse.ts';
import { cancelRun } from '../../commands/cancel.ts';
import { findRoot } from '../../views/find-runs.ts';
import { stoppedBy } from '../session/interruption.ts';
import { type Session, withPlatformUntil, withWorker } from '../session/session.ts';

export interface RunsCancelOptions {
  reason: string;
  by?: string;
}

/** Cancels by a worker of its own or by whatever worker is alive; exit 1 while something is still ending. */
export async function cancel(session: Session, run: string, { reason, by }: RunsCancelOptions): Promise<number> {
  const { json, note, say, sayJson, settings } = session;
  const asked = checked({ by: by ?? userInfo().username, reason });
  const answer = await withPlatformUntil(session, async (platform, signal) => {
    const address = await findRoot(platform, run, settings.tenant);
    const body = async () => {
      const done = await cancelRun(platform, address, asked, { signal });
      if (!signal.aborted) return done;
      throw stoppedBy(signal, 'the cancel is queued; the same command again tells what became of it');
    };
    return withWorker(platform, signal, body, { keyless: true });
  });
  if (json) sayJson(answer);
  else if (answer.state === 'cancelled')
    say(`${run} is cancelled, by ${answer.by}: ${answer.reason}; all of it has ended`);
  else {
    say(`${run} is being cancelled; the same command again waits for the rest`);
    for (const each of answer.ending) note(`still ending: ${each}`);
  }
  return answer.state === 'cancelled' ? 0 : 1;
}

function checked(asked: Cancel): Cancel {
  try {
    return checkRequest(Cancel, asked);
  } catch (error) {
    if (error instanceof PlatformError) throw new PlatformError('usage.invalid', error.message, { cause: error });
    throw error;
  }
}
