/**
 * The settings of one process, resolved once at start: option > environment > file > default. This is the only reader
 * of process.env. A bad value ends the process here, with its key, its value and where it came from.
 */
import { delimiter, join, resolve } from 'node:path';
import { homedir } from 'node:os';
import { z } from 'zod';
import { absoluteData, type DataSetting, dataSetting } from './data-setting.ts';
import { PlatformError } from './errors.ts';
import { HTTP_KEYS, type HttpSettings } from './http-settings.ts';
import { integer } from './integer.ts';
import {
  DEFAULT_MODELS,
  DEFAULT_PRICES,
  isHttpUrl,
  keySetting,
  type ModelSettings,
  modelsSetting,
  windowsSetting,
  pricesSetting,
} from './model-settings.ts';
import { readSettingsFile, type Origin } from './settings-file.ts';
import { copiesProblem, display, shown } from './settings-text.ts';
import { parseNatsUrl, parseRedisUrl } from './services/address.ts';

const text = z.string().trim().min(1);
const copies = integer(1, 5).refine((count) => count % 2 === 1);
/** A tenant is a token of every subject and key; it is not escaped, so that operators can type it. */
const tenant = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const url = (parse: (value: string) => unknown) => text.refine((value) => parse(value) !== null);

interface Key {
  readonly schema: z.ZodType;
  /** What a person should have written. */
  readonly expected: string;
  readonly default?: unknown;
  /** Environment names besides AGENT_PLATFORM_<KEY>, which goes first. */
  readonly alias?: string;
  /** A path, a list of paths, or one for each pack; relative to the file that names it, else to the working directory. */
  readonly path?: 'one' | 'many' | 'of_packs';
  /** The value may carry credentials. */
  readonly secret?: true;
}

const KEYS = {
  state_dir: { schema: text, expected: 'a folder', default: '.agent-platform', path: 'one' },
  tenant: { schema: tenant, expected: 'a name of at most 63 characters a–z, 0–9 and -' },
  packs: { schema: z.array(text), expected: 'a list of pack folders', default: [], path: 'many' },
  data: { schema: dataSetting, expected: 'a folder, or PACK=FOLDER for each pack', path: 'of_packs' },
  model: { schema: z.enum(['rehearsal', 'anthropic']), expected: 'rehearsal or anthropic', default: 'rehearsal' },
  models: {
    schema: modelsSetting,
    expected: 'model ids as {main: ID, sub: ID}',
    default: DEFAULT_MODELS,
  },
  model_windows: { schema: windowsSetting, expected: 'tokens by model id, as {ID: 200000}', default: {} },
  max_result_chars: {
    schema: integer(1000, 10_000_000),
    expected: 'characters from 1000 to 10000000',
    default: 100_000,
  },
  model_max_tokens: { schema: integer(256, 128_000), expected: 'tokens from 256 to 128000', default: 16_000 },
  model_timeout_ms: { schema: integer(100, 3_600_000), expected: 'milliseconds from 100 to 3600000', default: 600_000 },
  model_streaming: { schema: z.union([z.boolean(), z.stringbool()]), expected: 'true or false', default: true },
  prices: {
    schema: pricesSetting,
    expected: '{as_of: DATE, models: {ID: {input, output, cache_read, cache_write}}} in US dollars per million tokens',
    default: DEFAULT_PRICES,
  },
  anthropic_api_key: { schema: keySetting, expected: 'a key', alias: 'ANTHROPIC_API_KEY', secret: true },
  anthropic_base_url: {
    schema: text.refine(isHttpUrl),
    expected: 'an address like https://host/path, without a login, query or fragment in it',
    alias: 'ANTHROPIC_BASE_URL',
    secret: true,
  },
  nats_url: {
    schema: url(parseNatsUrl),
    expected: 'an address like nats://host:4222',
    alias: 'NATS_URL',
    secret: true,
  },
  nats_replicas: { schema: copies, expected: '1, 3 or 5', default: 1 },
  redis_url: {
    schema: url(parseRedisUrl),
    expected:
      'an address like redis://host:6379, several as redis://host:6379,host:6379, or redis+sentinel://host:26379/NAME',
    alias: 'REDIS_URL',
    secret: true,
  },
  durability: { schema: z.enum(['power', 'process']), expected: 'power or process', default: 'power' },
  disk_reserve_mb: { schema: integer(0, 1_000_000_000), expected: 'megabytes from 0 to 1000000000' },
  journal_shards: { schema: integer(1, 64), expected: 'a whole number from 1 to 64', default: 4 },
  max_live: { schema: integer(1, 100_000), expected: 'a whole number from 1 to 100000', default: 256 },
  ack_wait_ms: { schema: integer(100, 600_000), expected: 'milliseconds from 100 to 600000', default: 2000 },
  batch_window: { schema: integer(1, 1_000_000), expected: 'a whole number from 1 to 1000000', default: 5000 },
  tool_timeout_ms: { schema: integer(100, 3_600_000), expected: 'milliseconds from 100 to 3600000', default: 60_000 },
  restart_intensity: { schema: integer(0, 100), expected: 'a whole number from 0 to 100', default: 3 },
  restart_period_ms: { schema: integer(100, 3_600_000), expected: 'milliseconds from 100 to 3600000', default: 60_000 },
  // A mail is delivered a hundred times at most.
  max_stalls: { schema: integer(1, 90), expected: 'a whole number from 1 to 90', default: 10 },
  drain_grace_ms: { schema: integer(0, 600_000), expected: 'milliseconds from 0 to 600000', default: 10_000 },
  default_agent: { schema: text, expected: 'the name of an agent' },
  ...HTTP_KEYS,
  http_token: { schema: text, expected: 'a bearer token', secret: true },
  max_request_bytes: { schema: integer(1024, 8_388_608), expected: 'bytes from 1024 to 8388608', default: 262_144 },
  thread_ttl_days: { schema: integer(1, 3660), expected: 'days from 1 to 3660', default: 30 },
  log_level: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    expected: 'trace, debug, info, warn, error, fatal or silent',
    default: 'info',
  },
} as const satisfies Record<string, Key>;

export type SettingsKey = keyof typeof KEYS;

export interface Settings extends HttpSettings, ModelSettings {
  /** Absolute; holds the data of embedded services, their logs, and reports. */
  readonly stateDir: string;
  /** Absent: each command decides (`sample` for bundled data, else `default`). */
  readonly tenant?: string;
  /** Absolute folders, each with a pack.yaml. */
  readonly packs: readonly string[];
  /** Absolute; one folder, or pack → folder. Absent: the pack's own sample. */
  readonly data?: DataSetting;
  /** May carry credentials: show it through `withoutCredentials`. Absent: an embedded server. */
  readonly natsUrl?: string;
  /** On how many servers of a NATS cluster each stream is kept when it is made. */
  readonly natsReplicas: number;
  readonly redisUrl?: string;
  /** What acknowledged journal entries survive: loss of power, or only of processes. */
  readonly durability: 'power' | 'process';
  /** Free space, in MB, below which doors take nothing more; absent: 256, and at most a tenth of the disk. */
  readonly diskReserveMb?: number;
  /** Number of journal streams; fixed when they are created. */
  readonly journalShards: number;
  /** Live activations of one worker. */
  readonly maxLive: number;
  /** How long NATS waits for an acknowledgement before it delivers mail again. */
  readonly ackWaitMs: number;
  /** How many runs of one batch may be open at once; further ones begin as those end. */
  readonly batchWindow: number;
  /** Longest that a tool may take. */
  readonly toolTimeoutMs: number;
  /** How often an actor that throws is restarted within the period, before its invocation ends as failed. */
  readonly restartIntensity: number;
  readonly restartPeriodMs: number;
  /** How many workers in a row may take an invocation up without getting it any further. */
  readonly maxStalls: number;
  /** How long a stopping worker lets steps in hand finish, before it hands them back. */
  readonly drainGraceMs: number;
  /** The agent of a request that names none. */
  readonly defaultAgent?: string;
  /** Bearer token of the HTTP door; without one it binds to loopback only. */
  readonly httpToken?: string;
  /** Largest request body that a door takes. */
  readonly maxRequestBytes: number;
  /** How long a thread's working memory is kept after its last run. */
  readonly threadTtlDays: number;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** What the machine says about itself. */
  readonly host: {
    readonly path: string;
    readonly cacheDir: string;
    /** Which keys of model providers were found; having one changes nothing. */
    readonly keys: { readonly anthropic: boolean };
    /** Started by `npm run` in a checkout, where the command is not on the path. */
    readonly npmScript: boolean;
  };
}

export interface SettingsSources {
  /** Command-line options by camelCase key, as commander yields them: text, or a list for `packs` and `data`. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

interface Found {
  readonly value: unknown;
  readonly origin: Origin;
}

/** One setting for people: its value as text (absent when it is not set), without secrets, and where it was written. */
export interface SettingLine {
  readonly key: string;
  readonly value?: string;
  readonly origin: string;
}

/** @throws PlatformError `settings.invalid` with one line per wrong key; `details.problems` has them as a list. */
export function resolveSettings(sources: SettingsSources = {}): Settings {
  const { settings, problems } = inspectSettings(sources);
  if (problems.length > 0) throw new PlatformError('settings.invalid', problems.join('\n'), { details: { problems } });
  return settings;
}

/** Of this process's environment only what says where programs and caches are: for platforms of tests. */
export function machineEnvironment(): Record<string, string | undefined> {
  const { PATH, HOME, XDG_CACHE_HOME } = process.env;
  return { PATH, HOME, XDG_CACHE_HOME };
}

export interface InspectedSettings {
  /** With the default for a wrong value. */
  settings: Settings;
  lines: SettingLine[];
  problems: string[];
  /** Those whose default may not be what was meant: wrong ones, and unset ones that what is wrong of the file may have named. */
  unclear: Set<SettingsKey>;
}

/** Every setting with its origin, and what is wrong. Throws nothing. */
export function inspectSettings(sources: SettingsSources = {}): InspectedSettings {
  const { options = {}, env = process.env, cwd = process.cwd() } = sources;
  const keys = Object.keys(KEYS) as SettingsKey[];
  const file = readSettingsFile(cwd, keys);
  const problems = [...file.problems];
  const values: Record<string, unknown> = {};
  const lines: SettingLine[] = [];
  const unclear = new Set<SettingsKey>();

  for (const key of keys) {
    const rule: Key = KEYS[key];
    const found = fromOption(key, options, cwd) ?? fromEnv(key, rule, env, cwd) ?? file.values.get(key);
    const fallback = { value: rule.default, origin: { text: 'default', base: cwd } };
    const value = found ?? fallback;
    const parsed = value.value === undefined ? undefined : rule.schema.safeParse(value.value);
    if (parsed?.success === false) {
      const isOption = value.origin.text.startsWith('option ');
      problems.push(
        `${value.origin.text}: ${key}: expected ${rule.expected}, got ${shown(key, rule, value.value, isOption)}`,
      );
    }
    const wrong = parsed?.success === false;
    if (wrong || (found === undefined && file.problems.length > 0)) unclear.add(key);
    const data = wrong ? fallback.value : parsed?.data;
    if (data === undefined) {
      lines.push({ key, origin: wrong ? value.origin.text : 'not set' });
      continue;
    }
    values[camel(key)] = absolute(rule, data, (wrong ? fallback : value).origin.base);
    lines.push({ key, value: display(key, rule, values[camel(key)]), origin: wrong ? 'default' : value.origin.text });
  }
  if (!unclear.has('nats_url')) problems.push(...copiesProblem(lines));
  const cacheHome = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  const host = {
    path: env.PATH ?? '',
    cacheDir: resolve(cwd, cacheHome, 'agent-platform'),
    keys: { anthropic: values.anthropicApiKey !== undefined },
    npmScript: Boolean(env.npm_lifecycle_event) && env.npm_package_name === 'agent-platform',
  };
  return { settings: { ...values, host } as unknown as Settings, lines, problems, unclear };
}

function fromOption(key: SettingsKey, options: Readonly<Record<string, unknown>>, base: string): Found | undefined {
  const value = options[camel(key)];
  if (value === undefined) return undefined;
  const origin = { text: `option --${key.replaceAll('_', '-')}`, base };
  return { value: key === 'packs' && typeof value === 'string' ? value.split(delimiter) : value, origin };
}

function fromEnv(key: string, rule: Key, env: NonNullable<SettingsSources['env']>, base: string): Found | undefined {
  for (const name of [`AGENT_PLATFORM_${key.toUpperCase()}`, ...(rule.alias === undefined ? [] : [rule.alias])]) {
    const value = env[name];
    // An empty variable is how a shell or a compose file says «not set».
    if (value === undefined || value.trim() === '') continue;
    return {
      value: rule.path === 'many' ? value.split(delimiter) : value,
      origin: { text: `environment ${name}`, base },
    };
  }
  return undefined;
}

function absolute(rule: Key, value: unknown, base: string): unknown {
  if (rule.path === 'one') return resolve(base, value as string);
  if (rule.path === 'of_packs') return absoluteData(value as DataSetting, base);
  if (rule.path === 'many') return (value as string[]).map((path) => resolve(base, path));
  return value;
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
