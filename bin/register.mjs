/**
 * Lets a Node process run TypeScript as it is and import `agent-platform/…` from any folder:
 * `node --import …/bin/register.mjs --test my-pack.test.ts`.
 */
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

// The tsconfig is named, so that the caller's working folder does not matter.
register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
const { knowOwnName } = await import('../runtime/definitions/own-name.ts');
knowOwnName();
