/** The model that the settings choose. A key alone never spends money; only the setting `model` does. */
import { PlatformError } from '../config/errors.ts';
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

/** A model that this process does not ask: its runs wait for a worker that does. */
function otherModel(name: string): ModelProvider {
  const message = `the run began with the model ${name}, and this process was not started with --model ${name} and its key`;
  return {
    name,
    reply: async () => {
      throw new PlatformError('model.unavailable', message, { details: { elsewhere: true } });
    },
  };
}

/** Without a key it is opened all the same, for commands that ask no model, and refuses with `model.no_key` when asked. */
export async function claude(settings: Settings, how: { streaming?: boolean } = {}): Promise<ModelProvider> {
  const {
    anthropicApiKey: apiKey,
    anthropicBaseUrl: baseURL,
    models,
    prices,
    modelMaxTokens,
    modelTimeoutMs,
  } = settings;
  if (apiKey === undefined) {
    const refuse = (): never => {
      throw noKey();
    };
    // What such a command's worker happens to take of other runs waits for one that has the key.
    return { ...otherModel('anthropic'), checkAgent: refuse };
  }
  // Read only when it is used: it is the largest package that there is.
  const { anthropic } = await import('../runtime/model/anthropic/provider.ts');
  return anthropic({
    apiKey,
    ...(baseURL !== undefined && { baseURL }),
    models,
    prices: prices.models,
    maxTokens: modelMaxTokens,
    timeoutMs: modelTimeoutMs,
    ...how,
  });
}

/** A worker without the key would fail whatever it takes. @throws PlatformError `model.no_key` */
export function needKey({ model, anthropicApiKey }: Settings): void {
  if (model === 'anthropic' && anthropicApiKey === undefined) throw noKey();
}

function noKey(): PlatformError {
  return new PlatformError(
    'model.no_key',
    'the model is anthropic and no key was found: set ANTHROPIC_API_KEY in the environment, or use --model rehearsal',
  );
}

/** What is said where the model is named: that there is a key, and that it is not used. Null when there is nothing to say. */
export function unusedKeyText({ model, host }: Settings): string | null {
  if (model === 'anthropic' || !host.keys.anthropic) return null;
  return `an Anthropic key was found and is not used: ${model} answers; --model anthropic asks Claude, which costs money`;
}
