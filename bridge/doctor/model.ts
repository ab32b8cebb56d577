/** The shortest real call of each tier: whether the key, the address and the model ids work. It costs a fraction of a cent. */
import { PlatformError } from '../../config/errors.ts';
import type { Settings } from '../../config/settings.ts';
import type { ModelRequest } from '../../runtime/model/provider.ts';
import { claude } from '../model.ts';
import { examine, type Finding, ok } from './finding.ts';

/** Room for a few words, and for the reasoning before them. */
const SHORT = 64;
const LONGEST_MS = 60_000;
const REMEDY: Record<string, string> = {
  'model.no_key': 'set ANTHROPIC_API_KEY in the environment',
  'model.denied': 'see whether the key is right, paid for, and may use this model',
  'model.rejected': 'see whether the setting models names a model that there is',
  'model.unavailable': 'try again in a minute; see whether the address is reachable from here',
};

export async function examineModel(settings: Settings): Promise<Finding[]> {
  const found = (['main', 'sub'] as const).map((tier) => examineTier(settings, tier));
  return (await Promise.all(found)).flat();
}

async function examineTier(settings: Settings, tier: ModelRequest['tier']): Promise<Finding[]> {
  const asked = settings.models[tier];
  try {
    const model = await claude(
      { ...settings, modelMaxTokens: SHORT, modelTimeoutMs: LONGEST_MS },
      { streaming: false },
    );
    const started = performance.now();
    const reply = await model.reply(request(tier), new AbortController().signal);
    const took = Math.round(performance.now() - started);
    const cost = reply.cost_usd === undefined ? 'no price' : `${reply.cost_usd} US dollars`;
    const id = reply.request_id === undefined ? '' : `, request ${reply.request_id}`;
    return [ok('model', `${tier}: ${reply.model} answers in ${took} ms (${cost}${id})`)];
  } catch (error) {
    const code = error instanceof PlatformError ? error.code : '';
    const id = error instanceof PlatformError ? error.details.request_id : undefined;
    const remedy = REMEDY[code] ?? 'read what the message says';
    const found = await examine('model', remedy, () => {
      throw error;
    });
    const where = typeof id === 'string' ? `${tier}, ${asked}, request ${id}` : `${tier}, ${asked}`;
    return found.map((finding) => ({ ...finding, text: `${where}: ${finding.text}` }));
  }
}

function request(tier: ModelRequest['tier']): ModelRequest {
  return {
    agent: 'doctor',
    tier,
    system: ['Answer with one word.'],
    tools: [],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Are you there?' }] }],
  };
}
