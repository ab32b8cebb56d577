/**
 * Lets a Node process run TypeScript as it is and import `agent-platform/…` from any folder:
 * `node --import …/bin/register.mjs --test my-pack.test.ts`.
 */
import { build } from './build.mjs';
import { hook } from './hook.mjs';

await build();
hook(false);
