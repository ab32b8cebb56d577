import assert from 'node:assert/strict';
import type { RunTree } from '../../bridge/journals/runs.ts';
import { runText } from '../../bridge/cli/render/run-text.ts';
import { PLAIN } from '../../bridge/terminal/terminal.ts';
import { emptyInvocation } from '../../runtime/context/invocation.ts';
import { suite } from '../support/suite.ts';

const test = suite('how a run is shown');

function invocation(path: string, ...children: RunTree[]): RunTree {
  const address = { tenant: 't', run: 'r', path };
  return { address, agent: 'clerk', entries: [], state: 'completed', context: emptyInvocation(), children };
}

test('each invocation stands below the one that delegated to it, and its line leads past those of its siblings', () => {
  const tree = invocation(
    '0',
    invocation('0-1', invocation('0-1-1'), invocation('0-1-2', invocation('0-1-2-1'))),
    invocation('0-2'),
    invocation('0-3', invocation('0-3-1')),
  );
  const lines = runText(tree, 120, PLAIN).split('\n');
  assert.deepEqual(
    lines.filter((line) => line.includes('clerk 0')).map((line) => line.replace(/ {2}completed.*$/, '')),
    [
      'clerk 0',
      '├─ clerk 0-1',
      '│  ├─ clerk 0-1-1',
      '│  └─ clerk 0-1-2',
      '│     └─ clerk 0-1-2-1',
      '├─ clerk 0-2',
      '└─ clerk 0-3',
      '   └─ clerk 0-3-1',
    ],
  );
});

test.run();
