import { resolve } from 'node:path';
import { type HttpApp, httpApp } from '../../bridge/http/app.ts';
import { httpDoor, type HttpDoorOptions } from '../../bridge/http/server.ts';
import type { Platform } from '../../bridge/platform/platform.ts';
import { countersOf } from '../../bridge/serve/counters.ts';
import type { Door } from '../../bridge/serve/up.ts';
import type { Settings } from '../../config/settings.ts';
import type { ModelProvider } from '../../runtime/model/provider.ts';
import type { TestPlatform } from './platform.ts';

export const LIBRARY = { packs: [resolve(import.meta.dirname, '../packs/library')] };
export const STOCK = { agent: 'librarian', instructions: 'Take stock.', payload: { book: 'emma' } };

/** The same platform under other settings. */
export function withSettings(platform: Platform, settings: Partial<Settings>): Platform {
  return { ...platform, settings: { ...platform.settings, ...settings } };
}

/** The HTTP door's app on a platform, asked without a socket. */
export function appOf(
  { platform, worker }: Pick<TestPlatform, 'platform' | 'worker'>,
  settings: Partial<Settings> = {},
): HttpApp {
  return httpApp({
    platform: withSettings(platform, settings),
    counters: countersOf(platform.runtime.journal),
    vitals: () => worker.vitals,
    stopping: new AbortController().signal,
    heartbeatMs: 15_000,
    stallMs: 60_000,
  });
}

export function post(app: HttpApp, path: string, body: unknown, headers: Record<string, string> = {}) {
  return app.request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** The HTTP door on a free port, with its address. */
export async function listening(
  { platform, worker }: TestPlatform,
  options: HttpDoorOptions & { settings?: Partial<Settings> } = {},
): Promise<{ door: Door; url: string }> {
  const { settings, ...rest } = options;
  const door = httpDoor(withSettings(platform, { httpPort: 0, ...settings }), { vitals: () => worker.vitals, ...rest });
  return { door, url: await door.start() };
}

/** Messages of every stream: equal before and after = nothing was written. */
export async function messagesOf({ jsm }: Platform): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const { config, state } of jsm.streams.list()) counts[config.name] = state.last_seq;
  return counts;
}

/** A model that answers when `open` is called; `asked` resolves with its first request. */
export function gatedModel(): { model(inner: ModelProvider): ModelProvider; open(): void; asked: Promise<void> } {
  let open = (): void => {};
  let ask = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const model = (inner: ModelProvider): ModelProvider => ({
    name: inner.name,
    reply: async (request, signal) => {
      ask();
      await opened;
      return inner.reply(request, signal);
    },
  });
  return { model, open: () => open(), asked };
}
