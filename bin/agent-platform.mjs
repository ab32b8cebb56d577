#!/usr/bin/env node
// The sources run as they are.
import './register.mjs';

await import('../bridge/cli/main.ts');
