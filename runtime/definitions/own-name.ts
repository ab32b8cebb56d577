import { register } from 'node:module';

let known = false;

/** From now on any file of any folder can import `agent-platform/sdk` and `agent-platform/testing` in this process. */
export function knowOwnName(): void {
  if (known) return;
  known = true;
  register(new URL('./own-name-hooks.mjs', import.meta.url), { data: import.meta.url });
}
