import { PlatformError } from '../../../config/errors.ts';
import { findRoot } from '../../views/find-runs.ts';
import { explainPolicy } from '../../views/policy-explain.ts';
import { policyText } from '../render/policy-text.ts';
import { readRun } from '../../journals/runs.ts';
import { type Session, withRecords } from '../session/session.ts';

/** Explains a run of any tenant, or of the one that the settings name. */
export async function explainRun(session: Session, run: string): Promise<number> {
  const { json, width, paint, say, sayJson, settings } = session;
  const tree = await withRecords(session, async (records) => {
    const found = await readRun(records.runtime.journal, await findRoot(records, run, settings.tenant));
    if (found) return found;
    throw new PlatformError(
      'run.unknown',
      `${JSON.stringify(run)} is a batch; \`runs show\` lists its runs, explain one of them`,
    );
  });
  const decisions = explainPolicy(tree);
  if (json) sayJson({ run, tenant: tree.address.tenant, decisions });
  else say(policyText(run, decisions, width, paint));
  return 0;
}
