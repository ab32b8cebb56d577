import { openTestProcess, type TestProcess } from '../../bridge/testing/process.ts';
import { announceModel } from '../../bridge/platform/model-workers.ts';
import { watchJournals } from '../../bridge/follow/watch.ts';
import type { Address } from '../../runtime/address.ts';
import type { StoredEntry } from '../../runtime/journal/journal.ts';
import type { HeldFolder } from './holders.ts';
import { KEY, type MessagesApi } from './messages-api.ts';
import { testSettings } from './servers.ts';
import { LIBRARY } from './serving.ts';

const PACKS = [LIBRARY.AGENT_PLATFORM_PACKS];

/** A worker inside of the test on the folder's servers, as `worker --model anthropic` would be one. */
export async function claudeHere(folder: HeldFolder, { url }: MessagesApi): Promise<TestProcess> {
  const asks = { model: 'anthropic', anthropicApiKey: KEY, anthropicBaseUrl: url };
  const open = await openTestProcess(testSettings(folder.cwd, { packs: PACKS, ...asks }));
  const unsay = announceModel(open.platform);
  return {
    ...open,
    stop: async () => {
      unsay();
      await open.stop();
    },
  };
}

/** The same, as `worker` would be one. */
export function rehearsalHere(folder: HeldFolder): Promise<TestProcess> {
  return openTestProcess(testSettings(folder.cwd, { packs: PACKS }));
}

/** Resolves when `isIt` has been true of an entry of each of these, and of any entry when none are named. */
export async function untilEntries(
  { platform }: TestProcess,
  { tenant, run }: Pick<Address, 'tenant' | 'run'>,
  isIt: (entry: StoredEntry) => boolean,
  of: readonly Pick<Address, 'run' | 'path'>[] = [],
): Promise<void> {
  const open = new Set(of.map(({ run: id, path }) => `${id} ${path}`));
  const all = new AbortController();
  await watchJournals(platform.nc, platform.runtime.journal, {
    tenant,
    runs: [],
    signal: all.signal,
    onEntry: (address, entry) => {
      if (!address.run.startsWith(run) || !isIt(entry)) return;
      open.delete(`${address.run} ${address.path}`);
      if (open.size === 0) all.abort();
    },
  });
}
