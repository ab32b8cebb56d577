/** A worker process whose model, tools and reports are unreliable: `node --import ./bin/sources.mjs chaos-worker.ts <json>`. */
import { openTestProcess } from '../../bridge/testing/process.ts';
import { testSettings } from '../support/servers.ts';
import { Chance } from './random.ts';
import { type ModelFault, type ModelRates, unreliableModel } from './unreliable-model.ts';
import { delayReports, makeUnreliable, type ToolFault } from './unreliable-tools.ts';

export interface ChaosWorker {
  settings: Record<string, unknown>;
  cwd: string;
  ackWaitMs: number;
  seed: number;
  /** Longest that the model takes for one reply. */
  slowMs: number;
  model: ModelRates;
  /** How often, of all calls of the pack's tools. */
  toolFails: number;
  /** How often, of all reports to parents. */
  reportLate: number;
}

/** What goes wrong inside of a worker. */
export type InnerFault = ModelFault | ToolFault | 'late report';

/** What a worker says: who it is once it takes mail, and each fault of its own. */
export type Said = { worker: string } | { struck: InnerFault };

const options = JSON.parse(process.argv[2] ?? '{}') as ChaosWorker;
const { settings, cwd, ackWaitMs, slowMs, model, toolFails, reportLate } = options;
const chance = new Chance(options.seed);
const struck = (fault: InnerFault): void => say({ struck: fault });
const opened = await openTestProcess(testSettings(cwd, settings), {
  ackWaitMs,
  model: (rehearsal) => unreliableModel(rehearsal, { chance, slowMs, rates: model, struck }),
  works: false,
});
const { catalog, mailer, worker } = opened.platform.runtime;
for (const { code } of catalog.packs)
  for (const tool of code.tools) makeUnreliable(tool, toolFails, { chance, struck });
delayReports(mailer, reportLate, { chance, struck });
await opened.worker.start();
say({ worker });
process.on('SIGTERM', () => void opened.stop().then(() => process.exit(0)));
process.on('disconnect', () => process.exit(1));

function say(said: Said): void {
  process.send?.(said);
}
