import { describeError } from '../../config/errors.ts';
import { orUnavailable } from '../../runtime/bus/patience.ts';

export type Level = 'ok' | 'warn' | 'fail';

/** One line of an examination. A finding that is not ok says what to do about it. */
export interface Finding {
  /** What was looked at: `node`, `settings`, `nats` … */
  part: string;
  level: Level;
  text: string;
  remedy?: string;
}

export const ok = (part: string, text: string): Finding => ({ part, level: 'ok', text });
export const warn = (part: string, text: string, remedy: string): Finding => ({ part, level: 'warn', text, remedy });
export const fail = (part: string, text: string, remedy: string): Finding => ({ part, level: 'fail', text, remedy });

/** Looks at one part. What it throws is its finding and no other part's; `remedy` is for those that nobody foresaw. */
export async function examine(
  part: string,
  remedy: string,
  look: () => Promise<Finding[]> | Finding[],
): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    const { code, message } = describeError(orUnavailable(error), 'platform.unexpected');
    return message.split('\n').map((line) => fail(part, `${code}: ${line}`, remedy));
  }
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
