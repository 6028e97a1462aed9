import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Sender } from '../lib/authorized.ts';
import { lineFilter } from '../lib/line-filter.ts';
import { RecordReader } from '../lib/record.ts';

/** What the filter is to decide, read line by line by a reader that knows nothing: the id that a viewer would show. */
function idOf(line: Buffer): string {
  const reader = new RecordReader();
  return isUtf8(line) && reader.read(line, 0, line.length) === undefined ? reader.id : 'unframed';
}

function check(sender: Sender, filter: NonNullable<ReturnType<typeof lineFilter>>, lines: Buffer[]): void {
  const whole = lines.map((line) => Buffer.concat([line, Buffer.from('\n')]));
  // Blocks begin at any address of a larger buffer.
  const pad = lines.length % 5;
  const block = Buffer.concat([Buffer.alloc(pad), ...whole]).subarray(pad);
  const expected = whole.filter((_, i) => sender.allows(idOf(lines[i] as Buffer)));
  const { kept, lines: count, refused } = filter(block);
  assert.is(Buffer.concat(kept).toString('latin1'), Buffer.concat(expected).toString('latin1'));
  assert.equal([count, refused], [expected.length, lines.length - expected.length]);
}

const ids = fc.constantFrom('web1/a', 'web1/b', 'db', 'web1/nginx', 'web10/a', 'unframed');
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }), fc.stringMatching(/^[ -~]{0,120}$/), fc.constantFrom('"', '\\', '\\"', '\x00', '\x1f ', '"}', 'é', '\u2028'),
);
const tails = fc.constantFrom({}, {}, {}, { host: 'x' }, { more: true }, { level: 3, id2: 1 });
const framed = fc.record({ id: ids, run: fc.constantFrom('r1', 'r2', 'k3x9a1qz'), n: fc.oneof(fc.nat(), fc.maxSafeNat()), ts: fc.maxSafeNat(), msg: texts, tail: tails })
  .map(({ tail, ...record }) => Buffer.from(JSON.stringify({ ...record, ...tail })));
const crafted = fc.constantFrom(
  '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"x","id":"db"}', '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"x","\\u0069d":"db"}',
  '{"id":"web1/a","run":"r1","n":01,"ts":1,"msg":"x"}', '{"id":"web1/a","run":"r1","n":0,"ts":1,"msg":"x"}', '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"x"} ',
  '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"x"', '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"x', '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"\\u12"}',
  '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"\\u00e9\\/\\t"}', '{"id":"web1/a","run":"r1","n":1,"ts":9999999999999999,"msg":"x"}', '',
  '{"id":"web1\\/a","run":"r1","n":1,"ts":1,"msg":"x"}', '{"id":"web1/a","run":"r1","n":', '{"id":"web1/a","run":"r1","n":1,"ts":1,"msg":"\\',
).map((text) => Buffer.from(text));
/** A framed line with a byte changed, put in or taken out. */
const damaged = fc.tuple(framed, fc.nat(), fc.constantFrom(...'"\\{}:,0n'.split('').map((c) => c.charCodeAt(0)), 0, 0x1f, 0xff), fc.nat(2))
  .map(([line, at, byte, how]) => {
    const i = at % line.length;
    const put = how === 2 ? Buffer.alloc(0) : Buffer.from([byte]);
    return Buffer.concat([line.subarray(0, i), put, line.subarray(how === 1 ? i : i + 1)]).filter((b) => b !== 10);
  }).map((bytes) => Buffer.from(bytes));

test('whatever the lines are, exactly those pass whose id a viewer would show is allowed', () => {
  for (const patterns of [['web1/*'], ['db', 'unframed']]) {
    const sender = new Sender('web1', 'pin', patterns);
    const filter = lineFilter(sender);
    if (!filter) throw new Error('no filter');
    const line = fc.oneof({ weight: 5, arbitrary: framed }, { weight: 2, arbitrary: crafted }, { weight: 2, arbitrary: damaged });
    fc.assert(fc.property(fc.array(line, { minLength: 1, maxLength: 40 }), (lines) => check(sender, filter, lines)), { numRuns: 1500 });
  }
});

test('texts of every length, with a quote, a backslash or a control character at every place', () => {
  const sender = new Sender('web1', 'pin', ['web1/*']);
  const filter = lineFilter(sender);
  if (!filter) throw new Error('no filter');
  const head = '{"id":"web1/a","run":"r1","n":7,"ts":1795341000123,"msg":"';
  for (let length = 0; length < 24; length++) {
    for (const special of ['', '"', '\\"', '\\\\', '\\', '\t', '\x1f', '\x7f', 'é', '\\u0041', '\\u004']) {
      for (let at = 0; at <= length; at++) {
        check(sender, filter, [Buffer.from(`${head}${'x!#'.repeat(9).slice(0, at)}${special}${'y '.repeat(12).slice(0, length - at)}"}`)]);
      }
    }
  }
});

test('more streams than are remembered, in turn', () => {
  const sender = new Sender('web1', 'pin', ['*7', 'a*']);
  const filter = lineFilter(sender);
  if (!filter) throw new Error('no filter');
  const lines = Array.from({ length: 200 }, (_, i) => Buffer.from(`{"id":"s${i % 37}","run":"r${i % 3}","n":${i + 1},"ts":${i},"msg":"${'x'.repeat(i % 9)}"}`));
  for (let round = 0; round < 3; round++) check(sender, filter, lines);
});

test.run();
