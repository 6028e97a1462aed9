import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countLines, LineCutter, MAX_LINE } from '../lib/lines.ts';

/** What a cutter makes of the chunks, in one piece. */
function cut(chunks: Buffer[], max = MAX_LINE): { text: string; blocks: string[]; cutter: LineCutter } {
  const cutter = new LineCutter(max);
  const blocks = chunks.flatMap((c) => cutter.push(Buffer.from(c)).map((b) => b.toString('latin1')));
  blocks.push(...cutter.end().map((b) => b.toString('latin1')));
  return { text: blocks.join(''), blocks, cutter };
}

/** The model: split at newlines, then every line into pieces of max - 1 bytes. */
function model(text: string, max: number): string[] {
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  return lines.flatMap((line) => (line === '' ? [''] : (line.match(new RegExp(`[^]{1,${max - 1}}`, 'g')) ?? [])));
}

test('whole lines leave, the rest waits', () => {
  const cutter = new LineCutter();
  assert.equal(cutter.push(Buffer.from('a\nb\nc')).map(String), ['a\nb\n']);
  assert.is(cutter.held, 1);
  assert.equal(cutter.push(Buffer.from('c\n')).map(String), ['cc\n']);
  assert.equal(cutter.push(Buffer.from('d')).map(String), []);
  assert.equal(cutter.end().map(String), ['d\n']);
  assert.is(cutter.unended, 1);
  assert.equal(cutter.end(), []);
});

test('empty lines, NUL, CR and bytes that are no UTF-8 are lines like any other', () => {
  const bytes = Buffer.from([10, 10, 0, 10, 13, 10, 255, 254, 10]);
  assert.is(cut([bytes]).text, bytes.toString('latin1'));
});

test('cut at every byte position, the lines are the same', () => {
  const bytes = Buffer.from('first\n\nthird line is longer\n\r\nlast without end');
  const whole = cut([bytes]).text;
  for (let at = 0; at <= bytes.length; at++) assert.is(cut([bytes.subarray(0, at), bytes.subarray(at)]).text, whole, `at ${at}`);
});

test('a line longer than the limit becomes pieces, and nothing of it is lost', () => {
  const { text, cutter } = cut([Buffer.from('0123456789\nab\n')], 5);
  assert.is(text, '0123\n4567\n89\nab\n');
  assert.is(cutter.split, 1);
});

test('a line of exactly the limit is left alone', () => {
  for (const pieces of [['abcd\n'], ['ab', 'cd\n'], ['abcd', '\n']]) {
    const { text, cutter } = cut(pieces.map((p) => Buffer.from(p)), 5);
    assert.is(text, 'abcd\n');
    assert.is(cutter.split, 0);
  }
});

test('blocks are whole lines within the limit, whatever the input and wherever it is cut', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', '\r', '\n'), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.integer({ min: 2, max: 20 }), (chunks, max) => {
      const { blocks, cutter } = cut(chunks.map((c) => Buffer.from(c)), max);
      for (const block of blocks) {
        assert.ok(block.endsWith('\n'));
        for (const l of block.slice(0, -1).split('\n')) assert.ok(l.length < max);
      }
      const lines = blocks.join('').split('\n').slice(0, -1);
      const text = chunks.join('');
      assert.equal(lines, model(text, max));
      assert.is(cutter.split, text.split('\n').filter((l) => l.length >= max).length);
    }),
    { numRuns: 2000 },
  );
});

test('a line that comes byte by byte costs no more memory than its bytes', () => {
  const cutter = new LineCutter();
  const one = Buffer.from('x');
  const before = process.memoryUsage();
  for (let i = 0; i < MAX_LINE - 1; i++) cutter.push(one);
  const after = process.memoryUsage();
  assert.is(cutter.held, MAX_LINE - 1);
  assert.ok(after.rss - before.rss < 40e6, `grew by ${after.rss - before.rss}`);
  assert.is(cutter.push(Buffer.from('\n'))[0]?.length, MAX_LINE);
  assert.is(cutter.split, 0);
});

test('countLines counts newlines', () => {
  assert.is(countLines(Buffer.from('')), 0);
  assert.is(countLines(Buffer.from('a\n\nb\n')), 3);
});

test.run();
