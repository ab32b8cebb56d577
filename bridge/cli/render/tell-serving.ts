/** What becomes of runs, for who watches a process that serves: each end by itself, waits of many together. */
import type { Address } from '../../../runtime/address.ts';
import type { Entry } from '../../../runtime/journal/entry.ts';
import { askedIn } from '../../journals/asked.ts';
import { type EndedRun, endedTexts, whoText } from './ended-runs.ts';
import { awaited, modelWait } from '../../journals/model-waits.ts';
import { taskView } from '../../views/task-view.ts';
import { tellPeople } from './tell-people.ts';
import { tellWaits, type WaitTeller } from './tell-waits.ts';
import { listTasksCommand, showTaskCommand } from './hints.ts';
import type { Session } from '../session/session.ts';

export interface ServingTeller {
  ended(run: EndedRun): void;
  /** An entry that may leave its invocation waiting. */
  take(address: Address, entry: Entry): void;
  /** Says nothing more. Idempotent. */
  stop(): void;
}

type Said = Pick<Session, 'settings' | 'json' | 'paint' | 'say' | 'sayJson'>;

/** With `json` each wait is a document of its own. */
export function tellServing({ settings, json, paint, say, sayJson }: Said, now: () => Date): ServingTeller {
  if (json) return { ended: (run) => sayJson({ ended: run }), take: sayWaits(sayJson), stop: () => {} };
  const texts = endedTexts(paint);
  const options = {
    now,
    say: (text: string) => say(`${now().toISOString().slice(11, 19)}  ${text}`),
    named: ({ run }: Address, { agent, subject }: Entry, text: string) =>
      `${whoText({ run, agent, subject })}  ${paint.attention(text)}`,
  };
  const tellers: WaitTeller[] = [
    tellWaits({
      ...options,
      runs: Number.POSITIVE_INFINITY,
      named: (address, entry, text) =>
        options.named(address, entry, `waits for ${awaited(modelWait([entry]) ?? {})}: ${text}`),
    }),
    tellPeople({
      ...options,
      show: (task) => showTaskCommand(task, settings),
      list: () => listTasksCommand(settings),
    }),
  ];
  return {
    ended: (run) => say(texts(run)),
    take: (address, entry) => {
      for (const teller of tellers) teller.take(address, entry);
    },
    stop: () => {
      for (const teller of tellers) teller.stop();
    },
  };
}

function sayWaits(sayJson: Session['sayJson']): ServingTeller['take'] {
  return ({ run, tenant, path }, entry) => {
    const { at, agent, subject } = entry;
    const model = modelWait([entry]);
    const task = askedIn(entry);
    if (model === null && task === null) return;
    const where = { run, tenant, path, agent, subject };
    sayJson({ waits: { at, ...where, model, task: task && taskView(where, task, 'open', null) } });
  };
}
