/**
 * A command that opens embedded servers, says so in one line, and stays until stdin ends. Its argument is JSON of its
 * settings, resolved: most of the start of a process that resolves them itself would go into that.
 */
import { openServices } from '../../config/services/open.ts';
import type { Settings } from '../../config/settings.ts';

const hooks = { onLost: (error: Error) => process.stdout.write(`${JSON.stringify({ lost: error.message })}\n`) };
openServices(JSON.parse(process.argv[2] ?? '') as Settings, hooks).then(
  (services) => {
    process.stdout.write(
      `${JSON.stringify({ open: { nats: services.nats, redis: services.redis, keeper: services.keeper?.pid } })}\n`,
    );
    process.stdin.resume();
    process.stdin.on('end', () => void services.close());
  },
  (error) => {
    process.stdout.write(`${JSON.stringify({ failed: { code: error.code, message: error.message } })}\n`);
    process.exitCode = 1;
  },
);
