/**
 * Starts the health check of one account by a NATS request and prints the alert that it leads to. Needs Node 20 and the
 * package `nats` (2.x), nothing of the platform's own code.
 *
 *     node health-check.mjs acme-corp [tenant]
 *
 * The server is NATS_URL (nats://user:password@host:port); without it, that of a platform running in this folder,
 * whose address is in .agent-platform/nats.json. Exits 0 with the alert, 1 when the request was refused, 2 when the
 * check ended without an alert.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'nats';

const [account = 'acme-corp', tenant = 'sample'] = process.argv.slice(2);
const address = new URL(process.env.NATS_URL ?? JSON.parse(readFileSync('.agent-platform/nats.json', 'utf8')).url);

const nc = await connect({
  servers: address.host,
  ...(address.username && {
    user: decodeURIComponent(address.username),
    pass: decodeURIComponent(address.password),
  }),
  name: 'health-check example',
});

/** Sends a request. A refusal has its code in a header. */
async function ask(subject, request) {
  const answer = await nc.request(subject, JSON.stringify(request), { timeout: 30_000 });
  const code = answer.headers?.get('Nats-Service-Error-Code');
  if (code) throw Object.assign(new Error(`${code}: ${answer.headers.get('Nats-Service-Error')}`), { code });
  return answer.json();
}

/** Where a run stands; one that was accepted a moment ago may not be on record yet. */
async function stateOf(run) {
  try {
    return (await ask(`api.${tenant}.runs.get`, { run })).state;
  } catch (error) {
    if (error.code === 'run.unknown') return 'accepted';
    throw error;
  }
}

async function main() {
  // Subscribe first: an alert may come before the answer does.
  const alerts = [];
  nc.subscribe(`csm_alerts.${tenant}.>`, {
    callback: (error, message) => {
      if (!error) alerts.push({ subject: message.subject, id: message.headers?.get('ce-id'), data: message.json() });
    },
  });
  const started = await ask(`api.${tenant}.health_checks.start`, { account_id: account });
  if (started.unknown.length > 0) throw new Error(`the data has no account ${account}`);
  const runs = [...started.accepted, ...started.running];
  for (const { target, run } of runs) console.error(`${target}: ${run}`);

  for (;;) {
    // An alert is sent before its run ends: whoever sees the end has received the alert.
    const states = await Promise.all(runs.map(({ run }) => stateOf(run)));
    const alert = alerts.find(({ data }) => runs.some(({ run }) => run === data.run));
    if (alert) {
      console.log(JSON.stringify(alert, null, 2));
      return 0;
    }
    if (states.every((state) => state !== 'accepted' && state !== 'running')) {
      console.error(`no alert: ${states.join(', ')}`);
      return 2;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

process.exitCode = await main().catch((error) => {
  console.error(error.message);
  return 1;
});
await nc.close();
