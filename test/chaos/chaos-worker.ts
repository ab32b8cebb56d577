/** A worker process whose model is slow and whose model and tools fail at times: `node --import tsx chaos-worker.ts <json>`. */
import type { ModelProvider } from '../../runtime/model/provider.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { openTestProcess } from '../../bridge/testing/process.ts';
import { testSettings } from '../support/servers.ts';
import { babble } from './babble.ts';
import { Chance } from './random.ts';

export interface ChaosWorker {
  settings: Record<string, unknown>;
  cwd: string;
  ackWaitMs: number;
  seed: number;
  /** Longest that the model takes for one reply. */
  slowMs: number;
  /** How often, of all replies and calls. */
  modelThrows: number;
  modelBabbles: number;
  toolThrows: number;
}

const options = JSON.parse(process.argv[2] ?? '{}') as ChaosWorker;
const chance = new Chance(options.seed);
const { settings, cwd, ackWaitMs } = options;
const opened = await openTestProcess(testSettings(cwd, settings), { ackWaitMs, model: unreliable, works: false });
for (const { code } of opened.platform.runtime.catalog.packs) {
  for (const tool of code.tools) {
    const run = tool.run.bind(tool);
    tool.run = async (...args) => {
      if (chance.happens(options.toolThrows)) throw new Error('the tool threw, as it does at times');
      return run(...args);
    };
  }
}
await opened.worker.start();
process.send?.({ worker: opened.platform.runtime.worker });
process.on('SIGTERM', () => void opened.stop().then(() => process.exit(0)));
process.on('disconnect', () => process.exit(1));

function unreliable(model: ModelProvider): ModelProvider {
  return {
    ...model,
    reply: async (request, signal) => {
      await pause(chance.between(0, options.slowMs));
      if (chance.happens(options.modelThrows)) throw new Error('the model threw, as it does at times');
      if (chance.happens(options.modelBabbles)) return babble(chance);
      return model.reply(request, signal);
    },
  };
}
