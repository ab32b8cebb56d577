#!/usr/bin/env node
import { build } from './build.mjs';

await build();
await import('../dist/bridge/cli/start.js');
