/** lib/joiner.ts, through the framer: lines that continue a message, its limits, its end. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Framer } from '../lib/framer.ts';

const NOW = 1795341000123;

type Line = { n: number; ts: number; msg: string; more?: boolean };

const joining = (join: RegExp, max = 65_536, strip = false): Framer => new Framer({ id: 'x', run: 'k3x9a1qz', max, join, strip });

function read(blocks: Iterable<Buffer>): Line[] {
  const texts = Array.from(blocks, (block) => block.toString()); // a block is valid only until the next
  return texts.flatMap((text) => text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line));
}

function joined(framer: Framer, ...chunks: string[]): Line[] {
  return [...chunks.flatMap((chunk) => read(framer.push(Buffer.from(chunk), NOW))), ...read(framer.end(NOW))];
}

const TRACE = 'Error: x\n    at a (b.js:1)\n    at c (d.js:2)\n';

test('lines that match become one message with the line before', () => {
  const lines = joined(joining(/^\s/), `start\n${TRACE}next\n${TRACE}`);
  assert.equal(lines.map((line) => line.msg), ['start', TRACE.trimEnd(), 'next', TRACE.trimEnd()]);
  assert.equal(lines.map((line) => line.n), [1, 2, 3, 4]);
});

test('a first line that matches begins a message; an empty line is tried like any other', () => {
  assert.equal(joined(joining(/^\s/), '  a\n b\nc\n').map((line) => line.msg), ['  a\n b', 'c']);
  assert.equal(joined(joining(/^$/), 'a\n\n\nb\n').map((line) => line.msg), ['a\n\n', 'b']);
  assert.equal(joined(joining(/^\s/), '\n\n a\n').map((line) => line.msg), ['', '\n a']);
});

test('a message waits until it is settled or the next one begins, and keeps the time of its first line', () => {
  const framer = joining(/^\s/);
  assert.is(framer.waiting, false);
  assert.equal(read(framer.push(Buffer.from('a\n'), NOW)), []);
  assert.is(framer.waiting, true);
  assert.equal(read(framer.push(Buffer.from(' b\n'), NOW + 50)), []);
  assert.equal(read(framer.settle(NOW + 250)).map((line) => [line.msg, line.ts]), [['a\n b', NOW]]);
  assert.is(framer.waiting, false);
  assert.equal(read(framer.settle(NOW + 300)), []);
  assert.equal(read(framer.push(Buffer.from(' late\nc\n'), NOW + 400)).map((line) => line.msg), [' late']);
  assert.equal(read(framer.end(NOW + 500)).map((line) => [line.msg, line.ts]), [['c', NOW + 400]]);
});

test('settling does not tear a line of which only a part is there', () => {
  const framer = joining(/^\s/, 8);
  assert.equal(read(framer.push(Buffer.from('one\n\ttwo and'), NOW)).map((line) => line.msg), ['one\n\ttwo']);
  assert.equal(read(framer.settle(NOW)), []);
  assert.equal(read(framer.push(Buffer.from(' more\nz\n'), NOW)).map((line) => line.msg), [' and mor', 'e']);
  assert.equal(read(framer.settle(NOW)).map((line) => line.msg), ['z']);
});

test('a last line without a newline is tried, too', () => {
  assert.equal(joined(joining(/^\s/), 'a\n b').map((line) => line.msg), ['a\n b']);
  assert.equal(joined(joining(/^\s/), 'a\nb').map((line) => line.msg), ['a', 'b']);
});

test('of a long line, the pattern sees as many bytes as a record holds', () => {
  for (const chunks of [['a\n01234567z\n'], ['a\n0123', '4567z\n'], ['a\n01234567', 'z\n']]) {
    assert.equal(joined(joining(/z$/, 8), ...chunks).map((line) => line.msg), ['a', '01234567', 'z']);
    assert.equal(joined(joining(/7$/, 8), ...chunks).map((line) => line.msg), ['a\n012345', '67z']);
  }
});

test('a half line is decided when its end has come', () => {
  const framer = joining(/^\s+at .*\)$/);
  assert.equal(joined(framer, 'Error\n', '   at', ' x (y', ')\n', ' no\n').map((line) => line.msg), ['Error\n   at x (y)', ' no']);
  assert.is(framer.lines, 3);
});

test('a message longer than --max goes on in further records', () => {
  const framer = joining(/^\s/, 10);
  const lines = joined(framer, 'abcd\n efgh\n ijkl\nnext\n');
  assert.equal(lines.map((line) => [line.msg, line.more ?? false]), [
    ['abcd\n efgh', true],
    ['\n ijkl', false],
    ['next', false],
  ]);
  assert.equal([framer.split, framer.lines], [1, 4]);
});

test('the pattern sees the line without colours when they are taken out', () => {
  assert.equal(joined(joining(/^ at/, 100, true), 'E\n\x1b[2m at x\x1b[0m\n').map((line) => line.msg), ['E\n at x']);
  assert.is(joined(joining(/^ at/, 100, false), 'E\n\x1b[2m at x\x1b[0m\n').length, 2);
});

test('any lines, cut anywhere and into any parts, come out whole and in order', () => {
  const line = fc.string({ unit: fc.constantFrom(' ', 'a', 'é', '😀', '"'), maxLength: 12 });
  const some = fc.array(line, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(some, fc.integer({ min: 4, max: 30 }), fc.integer({ min: 1, max: 9 }), (lines, max, size) => {
      const bytes = Buffer.from(lines.map((l) => `${l}\n`).join(''));
      const framer = joining(/^ /, max);
      const out: Line[] = [];
      for (let at = 0; at < bytes.length; at += size) out.push(...read(framer.push(bytes.subarray(at, at + size), NOW)));
      out.push(...read(framer.end(NOW)));
      const whole = out.map((part) => part.msg + (part.more ? '' : '\n')).join('');
      assert.is(whole, bytes.toString());
      assert.is(framer.lines, lines.length);
      const messages = out.filter((part) => !part.more).length;
      assert.is(messages, lines.filter((l, i) => i === 0 || !l.startsWith(' ')).length);
    }),
    { numRuns: 400 },
  );
});

test.run();
