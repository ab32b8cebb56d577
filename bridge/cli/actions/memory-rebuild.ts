import { plural } from '../../doctor/finding.ts';
import { type Progress, startProgress } from '../../terminal/progress.ts';
import { stoppedBy } from '../session/interruption.ts';
import { type Session, withPlatformUntil } from '../session/session.ts';

export async function rebuildMemory(session: Session): Promise<number> {
  const { json, say, sayJson } = session;
  const count = await withPlatformUntil(session, async ({ runtime }, signal) => {
    let progress: Progress | undefined;
    let shown = 0;
    try {
      return await runtime.memory.rebuild((done, total) => {
        if (signal.aborted) throw stoppedBy(signal, 'the index may be incomplete; rebuild it again');
        progress ??= startProgress(process.stderr, 'memories', total, json || !process.stderr.isTTY);
        for (; shown < done; shown++) progress.step();
      });
    } finally {
      progress?.stop();
    }
  });
  if (json) sayJson({ memories: count });
  else say(`indexed ${plural(count, 'memory', 'memories')}`);
  return 0;
}
