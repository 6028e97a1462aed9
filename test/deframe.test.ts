/** lib/deframe.ts: records back to lines, from any writer, whatever comes between them. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Deframer } from '../lib/deframe.ts';
import { Framer } from '../lib/framer.ts';
import { unescapeTo } from '../lib/json-text.ts';
import { MAX_LINE } from '../lib/lines.ts';

const NOW = 1795341000123;

function decode(input: string | Buffer, size = Infinity, deframer = new Deframer()): string {
  const bytes = Buffer.from(input);
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    for (const text of deframer.push(chunk)) out.push(Buffer.from(text));
    chunk.fill(0x23);
  }
  for (const text of deframer.end()) out.push(Buffer.from(text));
  return Buffer.concat(out).toString();
}

function encode(text: string, options: { id?: string; run?: string; max?: number; join?: RegExp } = {}): Buffer {
  const framer = new Framer({ id: 'web1', run: 'k3x9a1qz', max: 65_536, ...options });
  const out: Buffer[] = [];
  for (const records of framer.push(Buffer.from(text), NOW)) out.push(Buffer.from(records));
  for (const records of framer.end(NOW)) out.push(Buffer.from(records));
  return Buffer.concat(out);
}

const part = (id: string, n: number, msg: string, more = false): string =>
  `${JSON.stringify({ id, run: `${id}-run`, n, ts: NOW, msg, ...(more ? { more } : {}) })}\n`;

test('any text comes back, whatever the limit, the join, and the pieces it is read in', () => {
  const unit = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('\n', '\n', '\r\n', ' ', '"', '\\', '\0', '😀'));
  const limit = fc.integer({ min: 4, max: 60 });
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 60 }), limit, fc.boolean(), fc.integer({ min: 1, max: 90 }), (units, max, join, size) => {
      const text = Buffer.from(units.join('')).toString();
      const expected = text === '' || text.endsWith('\n') ? text : `${text}\n`;
      assert.is(decode(encode(text, join ? { max, join: /^ / } : { max }), size), expected);
    }),
    { numRuns: 600 },
  );
});

test('records of any writer: keys in any order, spaces, other keys, escapes', () => {
  const deframer = new Deframer();
  const text = [
    '{"msg":"a"}',
    '  { "n" : 3 , "msg" : "b\\u0041\\u00e9\\u6f22\\ud83d\\ude00\\n\\/\\"" , "extra" : { "msg" : "no" } }  ',
    '{"ts":1,"msg":"","id":"x"}',
    '{"id":"x","run":"r","n":1,"ts":1,"msg":"c","host":"h"}',
    '{"msg":"\\ud83d \\ude00 \\ud83d\\ud83d\\ude00 \\uDBFF"}',
  ];
  const lines = ['a', 'bAé漢😀\n/"', '', 'c', '\ufffd \ufffd \ufffd😀 \ufffd'];
  assert.is(decode(`${text.join('\n')}\n`, Infinity, deframer), `${lines.join('\n')}\n`);
  assert.equal([deframer.lines, deframer.strangers, deframer.torn], [5, 0, 0]);
});

test('unescaping agrees with JSON.parse', () => {
  const escape = fc.oneof(
    fc.string({ unit: 'binary' }).map((s) => JSON.stringify(s).slice(1, -1)),
    fc.integer({ min: 0, max: 0xffff }).map((code) => `\\u${code.toString(16).padStart(4, '0')}`),
    fc.integer({ min: 0xd7f0, max: 0xe010 }).map((code) => `\\u${code.toString(16).padStart(4, '0').toUpperCase()}`),
    fc.constantFrom('\\b', '\\t', '\\n', '\\f', '\\r', '\\/', '\\\\', '\\"', '\\ud800', '\\udc00'),
  );
  fc.assert(
    fc.property(fc.array(escape), (escapes) => {
      const inside = Buffer.from(escapes.join(''));
      const out = Buffer.alloc(inside.length);
      const length = unescapeTo(out, 0, inside, 0, inside.length);
      assert.is(out.toString('utf8', 0, length), Buffer.from(JSON.parse(`"${inside.toString()}"`) as string).toString());
    }),
    { numRuns: 1000 },
  );
});

test('unescaping stays within its range', () => {
  const out = Buffer.alloc(12);
  assert.is(out.toString('utf8', 0, unescapeTo(out, 0, Buffer.from('\\ud83d\\ude00'), 0, 6)), '\ufffd');
});

test('beat and end are silent', () => {
  const deframer = new Deframer();
  const sign = (kind: string): string => `{"id":"a","run":"a-run","n":1,"ts":1,"${kind}":true}\n`;
  const input = part('a', 1, 'x') + sign('beat') + sign('end') + part('a', 2, 'y');
  assert.is(decode(input, Infinity, deframer), 'x\ny\n');
  assert.equal([deframer.lines, deframer.strangers], [2, 0]);
});

test('lines that are no records pass unchanged and are counted, a last one without a newline too', () => {
  const deframer = new Deframer();
  const strange = ['plain', '', '{"msg":5}', '{"msg":"a"', '\u0000\r', 'null', '{"id":"a","id":"b","msg":"twice"}', '{"@":"hello"}'];
  const input = `${strange.join('\n')}\n${part('a', 1, 'x')}last`;
  for (const size of [1, 2, 7, Infinity]) assert.is(decode(input, size), `${strange.join('\n')}\nx\nlast`);
  decode(input, Infinity, deframer);
  assert.equal([deframer.lines, deframer.strangers], [1, strange.length + 1]);
});

test('what is not UTF-8 is no record, passes unchanged, and does nothing to its neighbours', () => {
  const record = Buffer.from('{"msg":"é"}\n');
  const strange = Buffer.concat([Buffer.from([0xff, 0xc3, 10]), Buffer.from('{"msg":"a'), Buffer.from([0xfe]), Buffer.from('"}\n')]);
  for (const size of [1, 5, 100]) {
    const deframer = new Deframer();
    const input = Buffer.concat([record, strange, record]);
    const out: Buffer[] = [];
    for (let at = 0; at < input.length; at += size) {
      for (const text of deframer.push(input.subarray(at, at + size))) out.push(Buffer.from(text));
    }
    assert.ok(Buffer.concat(out).equals(Buffer.concat([Buffer.from('é\n'), strange, Buffer.from('é\n')])));
    assert.equal([deframer.lines, deframer.strangers], [2, 2]);
  }
});

test('a line longer than a record passes in pieces, unchanged, in bounded memory', () => {
  const giant = Buffer.alloc(3 * MAX_LINE + 17, 'abcdefg');
  const input = Buffer.concat([Buffer.from(part('a', 1, 'x')), giant, Buffer.from(`\n${part('a', 2, 'y')}`), giant]);
  for (const size of [65_536, 1_000_003, Infinity]) {
    const deframer = new Deframer();
    assert.ok(decode(input, size, deframer) === `x\n${giant.toString()}\ny\n${giant.toString()}`);
    assert.equal([deframer.lines, deframer.strangers], [2, 2]);
  }
});

test('a line of exactly the limit is still read as a record', () => {
  const frame = Buffer.byteLength('{"msg":""}\n');
  const text = 'm'.repeat(MAX_LINE - frame);
  assert.ok(decode(`{"msg":"${text}"}\n`, 65_536) === `${text}\n`);
  assert.ok(decode(`{"msg":"${text}m"}\n`, 65_536) === `{"msg":"${text}m"}\n`);
});

test('a line in parts keeps its place while other streams wait for its end', () => {
  const begin = part('a', 1, 'one ', true) + part('b', 1, 'B1') + 'plain\n' + part('b', 2, 'B2 ', true);
  const input = begin + part('a', 2, 'two ', true) + part('c', 1, 'C1');
  const rest = part('a', 3, 'three') + part('b', 3, 'B3') + part('a', 4, 'next');
  for (const size of [1, 13, Infinity]) {
    const deframer = new Deframer();
    assert.is(decode(input + rest, size, deframer), 'one two three\nB1\nplain\nB2 B3\nC1\nnext\n');
    assert.equal([deframer.lines, deframer.strangers, deframer.torn], [5, 1, 0]);
  }
});

test('parts that do not follow each other are never glued', () => {
  const cases: [rest: string, text: string][] = [
    [part('a', 3, 'three'), 'one \nthree\n'],
    [part('a', 1, 'one'), 'one \none\n'],
    ['{"id":"a","run":"other","n":2,"ts":1,"msg":"x"}\n', 'one \nx\n'],
    ['{"id":"a","msg":"x"}\n', 'one \nx\n'],
    ['{"id":"a","run":"a-run","n":1,"ts":1,"end":true}\n', 'one \n'],
    ['', 'one \n'],
  ];
  for (const [rest, text] of cases) {
    const deframer = new Deframer();
    assert.is(decode(part('a', 1, 'one ', true) + rest, Infinity, deframer), text);
    assert.is(deframer.torn, 1);
  }
  assert.is(decode('{"msg":"a","more":true}\n{"msg":"b"}\n'), 'ab\n');
});

test('what waits is released on demand', () => {
  const deframer = new Deframer();
  const text = (blocks: Iterable<Buffer>): string => Array.from(blocks, (b) => b.toString()).join('');
  assert.is(text(deframer.push(Buffer.from(part('a', 1, 'one ', true)))), 'one ');
  assert.is(deframer.waiting, false);
  assert.is(text(deframer.push(Buffer.from(part('b', 1, 'B1') + part('b', 2, 'B2')))), '');
  assert.is(deframer.waiting, true);
  assert.is(text(deframer.release()), '\nB1\nB2\n');
  assert.is(deframer.waiting, false);
  assert.is(text(deframer.push(Buffer.from(part('a', 2, 'two')))), 'two\n');
  assert.is(deframer.torn, 1);
});

test('the end of its run ends a line in parts', () => {
  const deframer = new Deframer();
  const input = `${part('a', 1, 'one ', true)}{"id":"a","run":"a-run","n":1,"ts":1,"end":true}\n${part('b', 1, 'B1')}`;
  assert.is(Array.from(deframer.push(Buffer.from(input)), (b) => b.toString()).join(''), 'one \nB1\n');
});

test('no more than a thousand records wait', () => {
  const deframer = new Deframer();
  let input = part('a', 1, 'open ', true);
  for (let n = 1; n <= 1001; n++) input += part('b', n, `${n}`);
  const text = Array.from(deframer.push(Buffer.from(input)), (b) => b.toString()).join('');
  assert.is(text, `open \n${Array.from({ length: 1001 }, (_, i) => `${i + 1}\n`).join('')}`);
});

test('a line that is never finished holds nothing back for ever, and nothing is lost', () => {
  const deframer = new Deframer();
  const big = 'x'.repeat(100_000);
  let input = part('a', 1, 'open ', true);
  for (let n = 1; n <= 50; n++) input += part('b', n, big);
  const blocks = Array.from(deframer.push(Buffer.from(input)), (b) => b.toString());
  assert.ok(blocks.join('').length > 40 * big.length);
  const all = blocks.join('') + Array.from(deframer.end(), (b) => b.toString()).join('');
  assert.ok(all === `open \n${`${big}\n`.repeat(50)}`);
  assert.is(deframer.torn, 1);
});

test('many streams, all with open lines: bounded, and every part arrives', () => {
  let input = '';
  for (let i = 0; i < 5000; i++) input += part(`s${i}`, 1, `<${i}>`, true);
  const deframer = new Deframer();
  const lines = decode(input, 65_536, deframer).split('\n').filter((line) => line !== '');
  assert.equal(lines.sort(), Array.from({ length: 5000 }, (_, i) => `<${i}>`).sort());
  assert.is(deframer.torn, 5000);
});

test('interleaved streams: each stream alone is as it was', () => {
  const stream = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 20 }), { maxLength: 8 });
  const some = fc.array(stream, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(some, fc.infiniteStream(fc.nat(3)), fc.integer({ min: 1, max: 200 }), (streams, picks, size) => {
      const queues = streams.map((lines, i) => {
        const records = encode(lines.map((line) => `${i}:${line}\n`).join(''), { id: `s${i}`, run: `r${i}`, max: 5 }).toString();
        return records.split('\n').slice(0, -1);
      });
      let input = '';
      for (const pick of picks) {
        const left = queues.filter((queue) => queue.length > 0);
        if (left.length === 0) break;
        input += `${left[pick % left.length]?.shift()}\n`;
      }
      const deframer = new Deframer();
      const out = decode(input, size, deframer).split('\n').slice(0, -1);
      assert.is(deframer.torn, 0);
      streams.forEach((lines, i) => assert.equal(out.filter((line) => line.startsWith(`${i}:`)), lines.map((line) => `${i}:${line}`)));
    }),
    { numRuns: 300 },
  );
});

test.run();
