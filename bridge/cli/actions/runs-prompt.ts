import { PlatformError } from '../../../config/errors.ts';
import { findRoot } from '../../views/find-runs.ts';
import { apiBody, sentPrompt } from '../../views/prompt.ts';
import { promptText } from '../render/prompt-text.ts';
import { readInvocation } from '../../journals/runs.ts';
import { type Session, withPlatform } from '../session/session.ts';

export interface RunsPromptOptions {
  turn: number;
  api?: boolean;
}

/** Prints what a model was sent for one turn of an invocation, whatever has become of the files since. */
export async function showPrompt(
  session: Session,
  run: string,
  path: string,
  { turn, api = false }: RunsPromptOptions,
): Promise<number> {
  const { settings, json, paint, say, sayJson } = session;
  const found = await withPlatform(session, async (platform) => {
    const { journal, catalog } = platform.runtime;
    const root = await findRoot(platform, run, settings.tenant);
    const tree = await readInvocation(journal, { ...root, path });
    if (tree === null) throw new PlatformError('run.unknown', `${run} has no invocation ${path} that asks a model`);
    return { ...(await sentPrompt(tree.entries, turn, catalog)), run, path };
  });
  if (!json && !api) {
    say(promptText(found, paint));
    return 0;
  }
  const { body, sent } = apiBody(found, { models: settings.models, maxTokens: settings.modelMaxTokens });
  if (json) {
    const { request, prompt, model, request_id, definition } = found;
    const head = { run, path, turn, agent: request.agent, model, request_id, definition, prompt };
    sayJson({ ...head, request, api: { sent, body } });
  } else {
    if (!sent) session.note('this turn was not sent to the Messages API; this is how it would be sent now');
    sayJson(body, 2);
  }
  return 0;
}
