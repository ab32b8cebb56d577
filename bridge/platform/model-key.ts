/** The key that Claude is asked with: whether there is one, whether it is used, and what is said without it. */
import { PlatformError } from '../../config/errors.ts';
import { keyProblem } from '../../config/model-settings.ts';
import type { Settings } from '../../config/settings.ts';

/** A worker without the key, or with one that can't be sent, would fail whatever it takes. @throws PlatformError `model.no_key` */
export function needKey(settings: Settings): void {
  const found = keyOf(settings);
  if (settings.model === 'anthropic' && 'problem' in found) throw noKey(found.problem);
}

/** The key that Claude is asked with, or why there is none; whether the API takes it is not known before. */
export function keyOf({
  anthropicApiKey: key,
}: Pick<Settings, 'anthropicApiKey'>): { key: string } | { problem: string } {
  if (key === undefined) return { problem: 'no key was found' };
  const problem = keyProblem(key);
  return problem === null ? { key } : { problem: `the key that was found cannot be sent: ${problem}` };
}

export function noKey(problem: string): PlatformError {
  const remedy = 'set ANTHROPIC_API_KEY in the environment to the key alone, or use --model rehearsal';
  return new PlatformError('model.no_key', `the model is anthropic, and ${problem}; ${remedy}`);
}

/** What is said where the model is named: that there is a key, and that it is not used. Null when there is nothing to say. */
export function unusedKeyText({ model, host }: Settings): string | null {
  if (model === 'anthropic' || !host.keys.anthropic) return null;
  return `an Anthropic key was found and is not used: ${model} answers; --model anthropic asks Claude, which costs money`;
}
