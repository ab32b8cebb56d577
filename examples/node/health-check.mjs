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

/** An attribute of a CloudEvent: percent-encoded in its header. */
function attribute(message, name) {
  const written = message.headers?.get(`ce-${name}`) ?? '';
  return decodeURIComponent(written);
}

/** JSON for a terminal: texts from data may hold characters that steer it. */
function printable(value) {
  const steering = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
  const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, null, 2).replaceAll(steering, escaped);
}

async function main() {
  // Subscribe first: an alert may come before the answer does.
  const alerts = [];
  nc.subscribe(`csm_alerts.${tenant}.>`, {
    callback: (error, message) => {
      if (!error) alerts.push({ subject: message.subject, id: attribute(message, 'id'), data: message.json() });
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
      console.log(printable(alert));
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
