/**
 * Which model answers, and whether it can: the key, and with `--model` the shortest question to each tier, asked as runs
 * ask: streamed, with a strict tool, with the same room. What refuses that refuses every run. It costs a fraction of a cent.
 */
import { PlatformError } from '../../config/errors.ts';
import type { InspectedSettings, Settings, SettingsKey } from '../../config/settings.ts';
import type { ModelReply, ModelRequest, ReplyBlock, ToolSchema } from '../../runtime/model/provider.ts';
import { claude } from '../platform/model.ts';
import { keyOf } from '../platform/model-key.ts';
import { examine, fail, type Finding, ok, warn } from './finding.ts';

const LONGEST_MS = 60_000;
const AGAIN = 'then run `agent-platform doctor --model` again';
const REMEDY: Record<string, string> = {
  'model.denied': `do what the message says, ${AGAIN}`,
  'model.rejected':
    'runs are asked in the same way: see whether the setting models names a Claude, model_max_tokens what it can write, ' +
    `and ANTHROPIC_BASE_URL the whole Messages API, with strict tools, and streams unless model_streaming is false, ${AGAIN}`,
  'model.unavailable':
    'see whether that is the address of the Messages API, streams what it answers (else set model_streaming: false), and can be reached from here',
};
const SILENT =
  'run `agent-platform doctor --model` again; if that says the same, name another model in the setting models';
const BUSY = 'try again in a minute; runs wait, and ask again by themselves';

/** Where one of them is not what was meant, the default would take the key to somebody else. */
const WHO_GETS_THE_KEY = ['anthropic_base_url', 'anthropic_api_key'] as const satisfies SettingsKey[];

export async function examineModel(
  { settings, unclear }: Pick<InspectedSettings, 'settings' | 'unclear'>,
  asks: boolean,
): Promise<Finding[]> {
  const wrong = WHO_GETS_THE_KEY.filter((key) => unclear.has(key));
  if (asks && wrong.length > 0) {
    const text = `nobody was asked: as the settings are wrong, it is not certain what is meant by ${wrong.join(' and ')}`;
    return [fail('model', text, `correct the settings, so that the key goes to nobody else, ${AGAIN}`)];
  }
  const found = examineKey(settings, asks);
  if (!asks || 'problem' in keyOf(settings)) return found;
  const answers = (['main', 'sub'] as const).map((tier) => examineTier(settings, tier));
  return [...found, ...(await Promise.all(answers)).flat()];
}

/** `asks`: Claude is asked now, whichever model answers the runs. */
function examineKey(settings: Settings, asks: boolean): Finding[] {
  const { model, models, prices, anthropicApiKey } = settings;
  const found = keyOf(settings);
  const problem = 'problem' in found ? found.problem : null;
  const chosen = model === 'anthropic';
  if (!chosen && !asks) {
    if (anthropicApiKey === undefined)
      return [ok('model', `no Anthropic key was found, and none is needed: the model is ${model}`)];
    const text = `an Anthropic key was found, not used: the model is ${model}`;
    return [problem === null ? ok('model', text) : warn('model', `${text}; ${problem}`, 'correct it, or remove it')];
  }
  if (problem !== null) {
    const why = chosen ? 'the model is anthropic' : '--model asks Claude';
    const remedy = 'set ANTHROPIC_API_KEY in the environment to the key alone';
    return [fail('model', `${why}, and ${problem}`, chosen ? `${remedy}, or use --model rehearsal` : remedy)];
  }
  const named = `${models.main} (main) and ${models.sub} (sub)`;
  const used = chosen ? `${named} answer${asks ? '' : '; doctor --model asks them'}` : `--model asks ${named} now`;
  const runs = chosen ? '' : `; runs do not use it, their model is ${model}`;
  const unpriced = [...new Set([models.main, models.sub])].filter((id) => !Object.hasOwn(prices.models, id));
  return [
    ok('model', `an Anthropic key was found: ${used}${runs}`),
    ...unpriced.map((id) =>
      warn('model', `${id} has no price: no cost is told for its tokens, and max_usd ignores them`, PRICE_IT),
    ),
  ];
}

const PRICE_IT = 'add it to the setting prices';

async function examineTier(settings: Settings, tier: ModelRequest['tier']): Promise<Finding[]> {
  const asked = settings.models[tier];
  try {
    const modelTimeoutMs = Math.min(settings.modelTimeoutMs, LONGEST_MS);
    const model = await claude({ ...settings, modelTimeoutMs });
    const started = performance.now();
    const reply = await model.reply(request(tier), new AbortController().signal);
    return [answered(tier, reply, Math.round(performance.now() - started))];
  } catch (error) {
    const { code = '', details = {} } = error instanceof PlatformError ? error : {};
    const { request_id: id, status } = details;
    // What answers with a status is there.
    const remedy = code === 'model.unavailable' && status !== undefined ? BUSY : REMEDY[code];
    const found = await examine('model', remedy ?? 'read what the message says', () => {
      throw error;
    });
    const where = typeof id === 'string' ? `${tier}, ${asked}, request ${id}` : `${tier}, ${asked}`;
    return found.map((finding) => ({ ...finding, text: `${where}: ${finding.text}` }));
  }
}

/** The call worked; whether a run could have gone on from what came back is another question. */
function answered(tier: ModelRequest['tier'], reply: ModelReply, ms: number): Finding {
  const { model, stop_reason, declined, content, request_id } = reply;
  const id = request_id === undefined ? '' : `, request ${request_id}`;
  const told = `in ${ms} ms (${costOf(reply)}${id})`;
  if (stop_reason === 'refusal') {
    return fail('model', `${tier}: ${model} declined to answer ${told}${declined ? `: ${declined}` : ''}`, SILENT);
  }
  if (content.some(isSaid)) return ok('model', `${tier}: ${model} answers ${told}`);
  return fail('model', `${tier}: ${model} answered nothing ${told}, and stopped with ${stop_reason}`, SILENT);
}

function isSaid(block: ReplyBlock): boolean {
  return block.type === 'tool_use' || (block.type === 'text' && block.text.trim() !== '');
}

function costOf({ cost_usd, prices_as_of = '' }: ModelReply): string {
  return cost_usd === undefined ? 'no price' : `${cost_usd} US dollars at prices of ${prices_as_of}`;
}

function request(tier: ModelRequest['tier']): ModelRequest {
  return {
    agent: 'doctor',
    tier,
    system: ['Answer with one word.'],
    tools: [TOOL],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Are you there?' }] }],
  };
}

/** The smallest that is sent as strict. */
const TOOL: ToolSchema = {
  name: 'say',
  description: 'Says a word.',
  input_schema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
};
