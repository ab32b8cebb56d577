/** Registers the module hooks once in a process, whoever asks first. */
import { register } from 'node:module';

const REGISTERED = Symbol.for('agent-platform.hooks');

/** `sources`: the platform itself runs from its sources in this process. */
export function hook(sources) {
  if (process[REGISTERED]) return;
  process[REGISTERED] = true;
  register(new URL('./typescript-hooks.mjs', import.meta.url), { data: { parentURL: import.meta.url, sources } });
}
