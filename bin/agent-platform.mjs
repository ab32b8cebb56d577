#!/usr/bin/env node
import { build } from './build.mjs';

try {
  await build();
} catch (error) {
  // A package is missing after a pull, or a source of the platform does not compile: nothing can run.
  const missing = /MODULE_NOT_FOUND/.test(error.code);
  console.error(missing ? `${error.message.split('\n')[0]}: run npm ci` : error.message);
  process.exit(1);
}
await import('../dist/bridge/cli/start.js');
