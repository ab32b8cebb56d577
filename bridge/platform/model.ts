/** The model that the settings choose. A key alone never spends money; only the setting `model` does. */
import { PlatformError } from '../../config/errors.ts';
import type { Settings } from '../../config/settings.ts';
import type { Catalog } from '../../runtime/definitions/catalog.ts';
import { PLAYED_MODEL } from '../../runtime/definitions/players.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { rehearsal } from '../../runtime/model/rehearsal.ts';
import { keyOf, noKey } from './model-key.ts';

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
  const { anthropic } = await import('../../runtime/model/anthropic/provider.ts');
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
