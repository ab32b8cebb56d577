import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchResult } from '../../bridge/views/batch-results.ts';
import { writeDocuments } from '../../bridge/cli/render/documents.ts';
import { safeMarkdown } from '../../bridge/cli/render/markdown.ts';
import { COLOURS, escapedJson, forTerminal, jsonText } from '../../bridge/terminal/terminal.ts';
import { suite } from '../support/suite.ts';

const test = suite('text that leaves');

/** C0 but line feeds and tabs, DEL, C1, Unicode's line breaks, and all that is `Bidi_Control`. */
const STEERING = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x061c, 0x061c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
].flatMap(([from = 0, to = 0]) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i)));

test('on a terminal no text from data steers it, and our colours do', () => {
  for (const character of STEERING) assert.equal(forTerminal(`a${character}b`), 'a\ufffdb', JSON.stringify(character));
  assert.equal(forTerminal('a\tb\r\nc\nd é 東京 🙂 e\u0301'), 'a  b\nc\nd é 東京 🙂 e\u0301');
  const osc = '\u001b]52;c;cHduZWQ=\u0007\u009b2J';
  assert.equal(
    forTerminal(COLOURS.bad(`\u001b[1m${osc}`)),
    '\u001b[31m\ufffd[1m\ufffd]52;c;cHduZWQ=\ufffd\ufffd2J\u001b[0m',
  );
  assert.equal(forTerminal('\u001b[31mred'), '\ufffd[31mred', 'a colour of the data is none of ours');
});

test('JSON for a terminal says the same without such characters', () => {
  const value = { [`k${STEERING.join('')}`]: [`v${STEERING.join('')}\n\t"\\`, 1.5, null] };
  for (const text of [jsonText(value), jsonText(value, 2), escapedJson(JSON.stringify(value))]) {
    assert.deepEqual(JSON.parse(text), value);
    assert.ok(!STEERING.some((character) => text.includes(character)));
  }
  assert.equal(jsonText({ a: '\u009b\u202e é' }), '{"a":"\\u009b\\u202e é"}');
  assert.equal(jsonText({ a: [1] }, 2), '{\n  "a": [\n    1\n  ]\n}');
});

test('a Markdown file shows HTML, images, and links to what is no page or address as text', () => {
  const cases: [written: string, safe: string][] = [
    ['# A < B\n\n- 5 <6, x<-1\n', '# A < B\n\n- 5 <6, x<-1\n'],
    ['<script>alert(1)</script>', '&lt;script>alert(1)&lt;/script>'],
    ['a <!-- hidden --> <?php ?> <![CDATA[x]]>', 'a &lt;!-- hidden --> &lt;?php ?> &lt;!\\[CDATA[x]]>'],
    ['<IMG SRC=x onerror=y>', '&lt;IMG SRC=x onerror=y>'],
    ['![t](https://evil.example/p.png)', '!\\[t](https://evil.example/p.png)'],
    ['\\![t](u) [![t](u)](v) ![t][r]', '\\!\\[t]\\(u) [!\\[t]\\(u)]\\(v) !\\[t][r]'],
    ['<https://evil.example>', '&lt;https://evil.example>'],
    ['a\u001b]8;;x\u0007b\u009b\u202ec\u0000', 'a\ufffd]8;;x\ufffdb\ufffd\ufffdc\ufffd'],
    ['a\r\nb\rc\td', 'a\nb\nc\td'],
    [
      '[x](javascript:alert(1)) [y]( <JavaScript:a>) [z](data:text/html,b)',
      '[x]\\(javascript:alert(1)) [y]\\( &lt;JavaScript:a>) [z]\\(data:text/html,b)',
    ],
    ['see [x]\n\n> [x]: javascript:a\n[a\\]b]: &#106;s:c', 'see [x]\n\n> \\[x]: javascript:a\n\\[a\\]b]: &#106;s:c'],
    ['[m](mailto:a@good.example) [1]: https://good.example', '[m](mailto:a@good.example) [1]: https://good.example'],
    ['[a link](https://good.example) *stays*, a & b', '[a link](https://good.example) *stays*, a & b'],
  ];
  for (const [written, safe] of cases) {
    assert.equal(safeMarkdown(written), safe);
    assert.equal(safeMarkdown(safe), safe, 'twice is once');
  }
});

test('a report for people is written without what a viewer would run or load', () => {
  const folder = mkdtempSync(join(tmpdir(), 'agent-platform-reports-'));
  const text = '# Acme\u001b[2J\n\n<script>alert(1)</script> ![x](https://evil.example/x.png)';
  const result = { target: '../a\u001b', document: { field: 'briefing', text }, fields: {} };
  writeDocuments([result as unknown as BatchResult], { stateDir: folder, batch: 'b', cwd: folder });
  assert.equal(
    readFileSync(join(folder, 'reports/b/%2E%2E%2Fa%1B.md'), 'utf8'),
    '# Acme\ufffd[2J\n\n&lt;script>alert(1)&lt;/script> !\\[x](https://evil.example/x.png)\n',
  );
  rmSync(folder, { recursive: true });
});

test.run();
