/**
 * A command that opens the embedded servers of the folder it runs in, says so in one line, and stays until stdin ends.
 * Its argument, if any, is JSON of further settings.
 */
import { openServices } from '../../config/services/open.ts';
import { testSettings } from './servers.ts';

const hooks = { onLost: (error: Error) => process.stdout.write(`${JSON.stringify({ lost: error.message })}\n`) };
openServices(testSettings(process.cwd(), JSON.parse(process.argv[2] ?? '{}')), hooks).then(
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
