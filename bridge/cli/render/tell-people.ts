/** Says while runs are followed that they wait for people: of one by itself, of several together, in a line now and then. */
import { type Address, addressKey } from '../../../runtime/address.ts';
import type { Entry, HumanTask } from '../../../runtime/journal/entry.ts';
import { askedIn } from '../../journals/asked.ts';
import { shortText } from '../../journals/model-waits.ts';
import { harmless } from '../../terminal/terminal.ts';
import { throttle, type Pace } from './throttle.ts';
import type { WaitTeller } from './tell-waits.ts';

export interface TellPeopleOptions extends Pace {
  say(text: string): void;
  named(address: Address, entry: Entry, text: string): string;
  /** The command that shows a question. */
  show(task: string): string;
  /** The command that lists all questions. */
  list(): string;
}

export function tellPeople(options: TellPeopleOptions): WaitTeller {
  const { say, named, show, list } = options;
  /** What nobody was told of yet. */
  const waits = new Map<string, { address: Address; entry: Entry; task: HumanTask }>();
  const pace = throttle(() => {
    const all = [...waits.values()];
    waits.clear();
    const [first, ...more] = all;
    if (first === undefined) return false;
    if (more.length > 0) say(`${peopleText(all.map(({ task }) => task))}; to see all: ${list()}`);
    else
      say(named(first.address, first.entry, `${personText(first.task)}; to see it: ${harmless(show(first.task.id))}`));
    return true;
  }, options);
  return {
    take: (address, entry) => {
      const key = addressKey(address);
      const task = askedIn(entry);
      if (task === null) {
        // What has failed still takes late reports, and its question stands.
        if (entry.state !== 'waiting_for_human' && entry.state !== 'failed') waits.delete(key);
        return;
      }
      waits.set(key, { address, entry, task });
      pace.wake();
    },
    stop: () => {
      pace.stop();
      waits.clear();
    },
  };
}

function personText({ rules, question }: HumanTask): string {
  return `waits for a person, ${rules.join(', ')}: ${shortText(question)}`;
}

/** `3 runs wait for people: vip 2, model.rejected 1`. */
function peopleText(tasks: readonly HumanTask[]): string {
  const counts = new Map<string, number>();
  for (const rule of tasks.flatMap(({ rules }) => rules)) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  const why = [...counts].sort(([, a], [, b]) => b - a).map(([rule, n]) => `${rule} ${n}`);
  return `${tasks.length} questions wait for people: ${shortText(why.join(', '))}`;
}
