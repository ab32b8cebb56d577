/** Tools that throw, return what cannot be written down, or hang; and reports that come late. */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Mailer } from '../../runtime/mail/mail.ts';
import type { Chance } from './random.ts';

export type ToolFault = 'tool throws' | 'tool returns nonsense' | 'tool hangs' | 'tool ignores its signal';

export interface UnreliableTool {
  run(...args: never[]): Promise<unknown>;
}

interface Means<F> {
  chance: Chance;
  /** Told of each fault as it happens. */
  struck(fault: F): void;
}

/** Replaces the tool's code; `rate`: how often it fails, in one of the ways. */
export function makeUnreliable(tool: UnreliableTool, rate: number, { chance, struck }: Means<ToolFault>): void {
  const run = tool.run.bind(tool);
  tool.run = async (...args) => {
    if (!chance.happens(rate)) return run(...args);
    const fault = chance.weighted<ToolFault>({
      'tool throws': 2,
      'tool returns nonsense': 1,
      'tool hangs': 1,
      'tool ignores its signal': 1,
    });
    struck(fault);
    switch (fault) {
      case 'tool throws':
        throw new Error('the tool threw, as it does at times');
      case 'tool returns nonsense':
        return circle();
      case 'tool hangs': {
        const { signal } = args[1] as unknown as { signal: AbortSignal };
        if (!signal.aborted) await once(signal, 'abort');
        throw signal.reason;
      }
      case 'tool ignores its signal':
        return new Promise(() => {});
    }
  };
}

/** Something that JSON cannot say. */
function circle(): object {
  const self: { self?: object } = {};
  self.self = self;
  return self;
}

/** Lets some reports of children wait before they are posted, so that later ones overtake them. */
export function delayReports(mailer: Mailer, rate: number, { chance, struck }: Means<'late report'>): void {
  const post = mailer.post.bind(mailer);
  mailer.post = async (to, mail, trace) => {
    if (mail.type === 'child.reported' && chance.happens(rate)) {
      struck('late report');
      await pause(chance.between(100, 1_500));
    }
    return post(to, mail, trace);
  };
}
