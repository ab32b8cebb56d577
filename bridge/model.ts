/** The model that the settings choose. A key alone never spends money; only the setting `model` does. */
import { PlatformError } from '../config/errors.ts';
import { keyProblem } from '../config/model-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Catalog } from '../runtime/definitions/catalog.ts';
import { PLAYED_MODEL } from '../runtime/definitions/players.ts';
import type { ModelProvider } from '../runtime/model/provider.ts';
import { rehearsal } from '../runtime/model/rehearsal.ts';

export async function modelFrom(settings: Settings, catalog: Catalog): Promise<ModelProvider> {
  return settings.model === 'anthropic' ? claude(settings) : rehearsal(catalog);
}

/** For runs that began with another model: the one that costs nothing answers its own; no other is asked unbidden. */
export function modelOfOthers(name: string, catalog: Catalog): ModelProvider {
  return name === PLAYED_MODEL ? rehearsal(catalog) : otherModel(name);
}

/** A model that this process does not ask: its runs wait for a worker that does. The message is journaled, for whoever reads it. */
function otherModel(name: string): ModelProvider {
  const message = `the run began with the model ${name}, and the worker that took it was not started with --model ${name} and its key`;
  return {
    name,
    reply: async () => {
      throw new PlatformError('model.unavailable', message, { details: { elsewhere: true } });
    },
  };
}

/** Without a key that can be sent it is opened all the same, for commands that ask no model; an agent is refused, `model.no_key`. */
export async function claude(settings: Settings): Promise<ModelProvider> {
  const { anthropicBaseUrl: baseURL, models, prices, modelMaxTokens, modelTimeoutMs, modelStreaming } = settings;
  const found = keyOf(settings);
  if ('problem' in found) {
    const refuse = (): never => {
      throw noKey(found.problem);
    };
    // What such a command's worker happens to take of other runs waits for one that has the key.
    return { ...otherModel('anthropic'), checkAgent: refuse };
  }
  // Read only when it is used: it is the largest package that there is.
  const { anthropic } = await import('../runtime/model/anthropic/provider.ts');
  return anthropic({
    apiKey: found.key,
    ...(baseURL !== undefined && { baseURL }),
    models,
    prices,
    windows: settings.modelWindows,
    maxTokens: modelMaxTokens,
    timeoutMs: modelTimeoutMs,
    streaming: modelStreaming,
  });
}

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

function noKey(problem: string): PlatformError {
  const remedy = 'set ANTHROPIC_API_KEY in the environment to the key alone, or use --model rehearsal';
  return new PlatformError('model.no_key', `the model is anthropic, and ${problem}; ${remedy}`);
}

/** What is said where the model is named: that there is a key, and that it is not used. Null when there is nothing to say. */
export function unusedKeyText({ model, host }: Settings): string | null {
  if (model === 'anthropic' || !host.keys.anthropic) return null;
  return `an Anthropic key was found and is not used: ${model} answers; --model anthropic asks Claude, which costs money`;
}
