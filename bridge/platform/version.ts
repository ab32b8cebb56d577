import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLATFORM_ROOT } from '../../config/root.ts';

/** The platform's own version. */
export function packageVersion(): string {
  const text = readFileSync(join(PLATFORM_ROOT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
