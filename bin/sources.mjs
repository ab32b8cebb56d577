/** The platform's sources as they are, for development: `node --import ./bin/sources.mjs test/unit/table.test.ts`. */
import { hook } from './hook.mjs';

hook(true);
