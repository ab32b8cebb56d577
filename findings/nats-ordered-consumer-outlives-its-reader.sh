#!/usr/bin/env bash
# nats 2.29.3 with nats-server 2.15.1: an ordered consumer stays on the server after its messages were closed.
#
# What one would expect: close() of the messages, or the end of `for await`, gives the ephemeral consumer back.
# What happens: it stays until the server has not heard of it for inactive_threshold, five minutes by default. A process that opens
# one for each request that it answers collects them; `delete()` of the consumer removes it at once.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
# nats-server of Debian's unstable distribution, from the mirror that the machine is configured with, without root.
. /etc/os-release
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $VERSION_CODENAME" | head -1)
mkdir -p lists/partial cache/archives/partial
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" > sources.list
apt=(apt-get -q -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache")
"${apt[@]}" update >/dev/null
"${apt[@]}" download nats-server >/dev/null 2>&1
dpkg -x nats-server_*.deb server
printf 'host: 127.0.0.1\nport: -1\nports_file_dir: "%s/ports"\njetstream { store_dir: "%s/store" }\n' "$folder" "$folder" > nats.conf
mkdir ports
"$(find server -name nats-server -type f | head -1)" -c nats.conf >server.log 2>&1 &
server=$!
npm init -y >/dev/null
npm install --silent --no-audit --no-fund nats@2.29.3 >/dev/null
until ls ports/*.ports >/dev/null 2>&1; do sleep 0.1; done
cat > try.mjs <<'JS'
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'nats';

const [url] = JSON.parse(readFileSync(`ports/${readdirSync('ports')[0]}`, 'utf8')).nats;
const nc = await connect({ servers: url });
const js = nc.jetstream();
const jsm = await nc.jetstreamManager();
console.log(`nats ${JSON.parse(readFileSync('node_modules/nats/package.json', 'utf8')).version}, nats-server ${nc.info.version}`);
await jsm.streams.add({ name: 'S', subjects: ['s.>'] });
await js.publish('s.1');
const consumers = async () => (await jsm.streams.info('S')).state.consumer_count;
const readOne = async () => {
  const consumer = await js.consumers.get('S');
  const messages = await consumer.consume();
  for await (const message of messages) {
    if (message.seq === 1) break;
  }
  await messages.close();
  return consumer;
};
for (let i = 0; i < 5; i++) await readOne();
const closed = await consumers();
console.log(`after five readers whose messages were closed: ${closed} consumers`);
const last = await readOne();
await last.delete();
const deleted = await consumers();
console.log(`after a sixth that was deleted, too: ${deleted} consumers`);
await nc.close();
process.exitCode = closed === 5 && deleted === 5 ? 0 : 1;
JS
node try.mjs
