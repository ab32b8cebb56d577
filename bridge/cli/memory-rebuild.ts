import { plural } from '../doctor/finding.ts';
import { type Progress, startProgress } from '../progress.ts';
import { type Session, withPlatform } from './session.ts';

export async function rebuildMemory(session: Session): Promise<number> {
  const { json, say, sayJson } = session;
  const count = await withPlatform(session, async ({ runtime }) => {
    let progress: Progress | undefined;
    let shown = 0;
    try {
      return await runtime.memory.rebuild((done, total) => {
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
