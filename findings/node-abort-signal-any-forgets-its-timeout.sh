#!/usr/bin/env bash
# Node 20.20.2: `AbortSignal.any([AbortSignal.timeout(ms), other])` never aborts once garbage has been collected.
#
# What one would expect: a signal that somebody listens to aborts when the time is up; that is what both are documented for.
# What happens: the timer holds its signal weakly, and the joined signal holds its sources weakly as well. Unless somebody keeps
# the timeout itself, or listens to it, the first collection takes it. Small trials never collect, so they see it abort. Holding
# the joined signal is not enough, and looking at its `aborted` later shows false.
# It matters wherever a time limit is joined with a caller's signal in one expression: under load, the limit never comes.
# What helps: a controller whose timer aborts it (`setTimeout(() => controller.abort(), ms)`), or a listener on the timeout.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > try.mjs <<'JS'
const OF = 20;
const other = new AbortController();
const kept = [];
const makes = {
  'any([timeout, other]), listened to': () => AbortSignal.any([AbortSignal.timeout(600), other.signal]),
  'the same, and kept in a list': () => {
    kept.push(AbortSignal.any([AbortSignal.timeout(600), other.signal]));
    return kept.at(-1);
  },
  'the same, with a listener on the timeout': () => {
    const timeout = AbortSignal.timeout(600);
    timeout.addEventListener('abort', () => {});
    return AbortSignal.any([timeout, other.signal]);
  },
  'timeout alone': () => AbortSignal.timeout(600),
  'any([controller with a timer, other])': () => {
    const late = new AbortController();
    setTimeout(() => late.abort(), 600);
    return AbortSignal.any([late.signal, other.signal]);
  },
};
const aborted = new Map();
for (const [name, make] of Object.entries(makes)) {
  aborted.set(name, 0);
  for (let i = 0; i < OF; i++) make().addEventListener('abort', () => aborted.set(name, aborted.get(name) + 1));
}
setTimeout(gc, 100);
setTimeout(gc, 300);
setTimeout(() => {
  console.log(`node ${process.version}, ${OF} signals each, garbage collected twice before the time was up`);
  for (const [name, count] of aborted) console.log(`${name}: ${count} aborted`);
  const [joined, held, ...others] = aborted.values();
  const asSeen = joined === 0 && held === 0 && others.every((count) => count === OF);
  if (!asSeen) console.log('this differs from what was seen');
  process.exit(asSeen ? 0 : 1);
}, 1500);
JS
node --expose-gc try.mjs
