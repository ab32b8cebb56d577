#!/usr/bin/env bash
# nats 2.29.3 with nats-server 2.15.1: an object store cannot be asked to be kept on several servers.
#
# What one would expect: `replicas` of ObjectStoreOptions is the number of copies of the bucket's stream, as for a key-value bucket.
# What happens: the client copies the option by its own name into the stream's configuration, where the field is num_replicas; the
# server reads configurations strictly and refuses the bucket, even with `replicas: 1`. A key-value bucket takes the same option.
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
console.log(`nats ${JSON.parse(readFileSync('node_modules/nats/package.json', 'utf8')).version}, nats-server ${nc.info.version}`);
const told = async (what, ask) => {
  const got = await ask().then(() => 'is made', (error) => `is refused: ${error.api_error?.err_code ?? ''} ${error.message}`);
  console.log(`${what} ${got}`);
  return got;
};
const kv = await told('a key-value bucket with replicas 1', () => js.views.kv('pairs', { replicas: 1 }));
const os = await told('an object store with replicas 1', () => js.views.os('objects', { replicas: 1 }));
const plain = await told('an object store without', () => js.views.os('plain'));
await nc.close();
process.exitCode = kv === 'is made' && /^is refused: 10025/.test(os) && plain === 'is made' ? 0 : 1;
JS
node try.mjs
