/** lib/framer.ts and what is behind it: lines in, records out, whatever the bytes and however they are cut. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import ndjson from 'ndjson';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Framer, type FramerOptions } from '../lib/framer.ts';
import { MAX_LINE } from '../lib/lines.ts';
import { MAX_MESSAGE } from '../lib/record-writer.ts';
import { timed } from './sh.ts';

const NOW = 1795341000123;
const TAG = { id: 'web1/nginx', run: 'k3x9a1qz' };

type Line = { id: string; run: string; n: number; ts: number; msg: string; more?: boolean };

/** Frame chunks, all arriving at NOW, and return the bytes. */
function frame(chunks: Iterable<Buffer>, options: Partial<FramerOptions> = {}): Buffer {
  return frameWith(new Framer({ ...TAG, max: 65_536, ...options }), chunks);
}

function frameWith(framer: Framer, chunks: Iterable<Buffer>): Buffer {
  const out: Buffer[] = [];
  for (const chunk of chunks) {
    const scratch = Buffer.from(chunk); // a buffer that is used again, as the input's is
    for (const records of framer.push(scratch, NOW)) out.push(Buffer.from(records));
    scratch.fill(0x23);
  }
  for (const records of framer.end(NOW)) out.push(Buffer.from(records));
  return Buffer.concat(out);
}

function linesOf(records: Buffer): Line[] {
  const text = records.toString();
  assert.ok(text === '' || text.endsWith('\n'));
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);
}

const messages = (records: Buffer): string[] => linesOf(records).map((line) => line.msg);

/** The lines of a text as lm-record(5) has them: what is between newlines, and a last one without. */
function split(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function* cut(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What JSON.stringify makes of the same lines. */
function stringified(lines: string[], first = 1): string {
  return lines.map((msg, i) => `${JSON.stringify({ ...TAG, n: first + i, ts: NOW, msg })}\n`).join('');
}

test('a record is, byte for byte, what lm-record(5) says', () => {
  const fields = [['host', 'web1'], ['role', 'a "b"']] as const;
  assert.is(
    frame([Buffer.from('GET / 200\n')], { fields }).toString(),
    '{"id":"web1/nginx","run":"k3x9a1qz","n":1,"ts":1795341000123,"msg":"GET / 200","host":"web1","role":"a \\"b\\""}\n',
  );
});

test('every ASCII byte is escaped as JSON.stringify does it', () => {
  const line = String.fromCharCode(...Array.from({ length: 128 }, (_, i) => i).filter((i) => i !== 10));
  for (let shift = 0; shift < 9; shift++) {
    const shifted = 'x'.repeat(shift) + line;
    assert.is(frame([Buffer.from(`${shifted}\n`)]).toString(), stringified([shifted]));
  }
});

test('empty lines, 0, null, CR, NUL, and a last line without a newline are lines', () => {
  const lines = ['', '0', 'null', 'dos\r', '\0', '', '\r', '{"id":"x"}', ' ', 'no newline'];
  assert.equal(messages(frame([Buffer.from(lines.join('\n'))])), lines);
  assert.equal(messages(frame([Buffer.from('\n')])), ['']);
  assert.equal(messages(frame([Buffer.from('a\n\n')])), ['a', '']);
  assert.equal(messages(frame([])), []);
});

test('numbers go up by one, through every change of length', () => {
  const count = 110_000;
  const framer = new Framer({ ...TAG, max: 65_536 });
  const lines = linesOf(frameWith(framer, cut(Buffer.from('x\n'.repeat(count)), 65_536)));
  assert.equal([lines.length, framer.lines, framer.n], [count, count, count]);
  assert.ok(lines.every((line, i) => line.n === i + 1));
});

test('a time of any length stands in the record', () => {
  const framer = new Framer({ ...TAG, max: 100 });
  for (const now of [0, 5, 999_999_999_999, 1e12, NOW, NOW + 1, NOW + 1e9, 5, NOW, 9_999_999_999_999, 1e13, 8.64e15, NOW - 7]) {
    const [records] = [...framer.push(Buffer.from('a\nb\n'), now)];
    assert.equal(linesOf(records ?? Buffer.alloc(0)).map((line) => line.ts), [now, now]);
  }
});

test('any text comes out as the ndjson package reads it', timed(60_000, async () => {
  const text = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 60 }).map((lines) => lines.join('\n'));
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 50 }), async (lines, size) => {
      const records = frame(cut(Buffer.from(lines), size));
      const read: string[] = [];
      for await (const record of Readable.from([records]).pipe(ndjson.parse())) read.push((record as Line).msg);
      assert.equal(read, split(Buffer.from(lines).toString()));
    }),
    { numRuns: 300 },
  );
}));

test('records are what JSON.stringify writes', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"', '\\', '\n', '\r\n', '\0', '\t', '\x1f', '\x7f', 'é', '漢', '😀', '\u2028'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
      const text = Buffer.from(pieces.join('')).toString();
      assert.is(frame([Buffer.from(text)]).toString(), stringified(split(text)));
    }),
    { numRuns: 500 },
  );
});

const AWKWARD = Buffer.concat([
  Buffer.from('plain\n\n"quoted" \\ and \u0001\r\nžluťoučký 漢字 😀😀\n'),
  Buffer.from([0x41, 0xff, 0xc3, 0x0a, 0xe2, 0x82, 0x0a, 0xf0, 0x9f, 0x98, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x0a]),
  Buffer.from(`\x1b[31mred\x1b[0m\x1b]0;title\x07text\n${'é'.repeat(30)}\n${'\u0000'.repeat(30)}\n  at here\n\tat there\nlast`),
]);

const VARIANTS: Record<string, Partial<FramerOptions>> = {
  plain: {},
  'max 7': { max: 7 },
  'max 4': { max: 4 },
  strip: { strip: true },
  'strip, max 11': { strip: true, max: 11 },
  join: { join: /^\s/ },
  'join, max 9': { join: /^\s|^red/, max: 9, strip: true },
};

for (const [name, options] of Object.entries(VARIANTS)) {
  test(`input cut at every byte position gives the same records (${name})`, () => {
    const whole = frame([AWKWARD], options);
    for (let at = 1; at < AWKWARD.length; at++) {
      const halves = frame([AWKWARD.subarray(0, at), AWKWARD.subarray(at)], options);
      assert.ok(halves.equals(whole), `cut at ${at}`);
    }
    for (let size = 1; size < 40; size++) assert.ok(frame(cut(AWKWARD, size), options).equals(whole), `pieces of ${size}`);
  });
}

test('bytes that are not UTF-8 become U+FFFD, are counted, and do not touch their neighbours', () => {
  const framer = new Framer({ ...TAG, max: 65_536 });
  const input = Buffer.concat([Buffer.from('before é\n'), Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3, 0x0a]), Buffer.from('after é\n')]);
  assert.equal(messages(frameWith(framer, [input])), ['before é', 'a\ufffdb', '\ufffd', 'after é']);
  assert.is(framer.replaced, 2);
  assert.is(framer.lines, 4);
});

test('any bytes come out as Node decodes them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 60 }), (array, size) => {
      const bytes = Buffer.from(array);
      const expected: string[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = bytes.indexOf(10, at) < 0 ? bytes.length : bytes.indexOf(10, at);
        expected.push(bytes.toString('utf8', at, end));
        at = end + 1;
      }
      assert.equal(messages(frame(cut(bytes, size))), expected);
    }),
    { numRuns: 500 },
  );
});

test('a line of exactly --max bytes is one record, one byte more makes two', () => {
  const framer = new Framer({ ...TAG, max: 10 });
  const lines = linesOf(frameWith(framer, [Buffer.from(`${'a'.repeat(10)}\n${'b'.repeat(11)}\nc\n`)]));
  assert.equal(lines.map((line) => [line.msg, line.more ?? false]), [
    ['a'.repeat(10), false],
    ['b'.repeat(10), true],
    ['b', false],
    ['c', false],
  ]);
  assert.equal([framer.split, framer.lines, framer.n], [1, 3, 4]);
});

test('a long line: whole characters in every part, nothing lost, more on all but the last', () => {
  const unit = fc.constantFrom('a', 'é', '漢', '😀', '"', '\0');
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 200 }), fc.integer({ min: 4, max: 40 }), (characters, max) => {
      const text = characters.join('');
      const parts = linesOf(frame([Buffer.from(`${text}\n`)], { max }));
      assert.is(parts.map((part) => part.msg).join(''), text);
      assert.ok(parts.every((part) => Buffer.byteLength(part.msg) <= max && !part.msg.includes('\ufffd')));
      assert.ok(parts.every((part, i) => (part.more === true) === i < parts.length - 1));
      assert.ok(parts.slice(0, -1).every((part) => Buffer.byteLength(part.msg) > max - 4));
    }),
    { numRuns: 300 },
  );
});

test('every long line is counted, and has its own time', () => {
  const framer = new Framer({ ...TAG, max: 30, time: true });
  const lines = linesOf(frameWith(framer, [Buffer.from('2023-11-14T22:13:26Z a long line\n2023-11-14T22:13:27Z another long line\n')]));
  assert.equal(lines.map((line) => line.ts), [1700000006000, 1700000006000, 1700000007000, 1700000007000]);
  assert.is(framer.split, 2);
});

test('bytes that are not UTF-8 are cut at the limit, not before', () => {
  for (const bytes of [Buffer.alloc(25, 0x80), Buffer.concat([Buffer.from('123456789'), Buffer.alloc(16, 0x80)])]) {
    const parts = messages(frame([bytes], { max: 10 }));
    assert.equal(parts.map((part) => part.length), [10, 10, 5]);
  }
});

test('more stands between msg and the fields', () => {
  const [first = ''] = frame([Buffer.from('abcdef\n')], { max: 5, fields: [['host', 'h']] }).toString().split('\n');
  assert.match(first, /"msg":"abcde","more":true,"host":"h"}$/);
});

test('the largest message is within the limit of a record, whatever its bytes', () => {
  const fields = [['field', 'f'.repeat(60_000)]] as const;
  for (const byte of [0x00, 0x22, 0x61, 0xff]) {
    const records = frame(cut(Buffer.alloc(MAX_MESSAGE + 1, byte), 65_536), { max: MAX_MESSAGE, fields });
    const lines = records.toString().split('\n').slice(0, -1);
    assert.is(lines.length, 2);
    assert.ok(lines.every((line) => Buffer.byteLength(line) + 1 <= MAX_LINE));
  }
});

test('fields that leave no room for a message are refused', () => {
  assert.throws(() => frame([], { fields: [['field', 'f'.repeat(66_000)]] }), /fields take more than 64 KiB/);
  assert.throws(() => frame([], { max: MAX_MESSAGE + 1 }), /max must be 4 to 163840/);
  assert.throws(() => frame([], { max: 3 }), /max must be/);
});

test('output comes in blocks of bounded size, also for a chunk of nothing but newlines', () => {
  const framer = new Framer({ ...TAG, max: 65_536, fields: [['field', 'f'.repeat(1000)]] });
  let lines = 0;
  for (const records of framer.push(Buffer.alloc(65_536, 10), NOW)) {
    assert.ok(records.length <= MAX_LINE);
    lines += linesOf(records).length;
  }
  assert.is(lines, 65_536);
});

test('a chunk of any size, each of its bytes six in the record', () => {
  for (const options of [{}, { strip: true }, { join: /^\s/ }]) {
    const framer = new Framer({ ...TAG, max: MAX_MESSAGE, ...options });
    const line = `\x1b[m${'\0'.repeat(150_000)}`;
    let count = 0;
    for (const records of framer.push(Buffer.from(`${line}\n`.repeat(8)), NOW)) {
      for (const { msg } of linesOf(records)) {
        assert.ok(msg === ('strip' in options ? line.slice(3) : line));
        count++;
      }
    }
    assert.is(count + messages(frameWith(framer, [])).length, 8);
  }
});

test('a full chunk of usual lines comes out as one block', () => {
  const chunk = Buffer.alloc(65_536, `${'GET /index.html HTTP/1.1" 200 1234 "-" "agent"'.repeat(4)}\n`);
  const framer = new Framer({ ...TAG, max: 65_536 });
  let blocks = 0;
  for (const records of framer.push(chunk, NOW)) blocks += records.length > 0 ? 1 : 0;
  assert.is(blocks, 1);
});

test('a line without an end takes bounded memory and loses nothing', () => {
  const framer = new Framer({ ...TAG, max: 65_536 });
  const chunk = Buffer.alloc(65_536, 'abcdefgh');
  let bytes = 0;
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2000; i++) {
    for (const records of framer.push(chunk, NOW)) for (const line of linesOf(records)) bytes += line.msg.length;
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 32e6);
  for (const records of framer.end(NOW)) for (const line of linesOf(records)) bytes += line.msg.length;
  assert.is(bytes, 2000 * 65_536);
  assert.equal([framer.lines, framer.split], [1, 1]);
});

test('strip takes escape sequences out, also where a part ends inside of one', () => {
  const text = `${'\x1b[1;31mab\x1b[0m'.repeat(40)}\n`;
  for (const max of [20, 21, 22, 23, 24, 25, 26, 65_536]) {
    assert.is(messages(frame([Buffer.from(text)], { strip: true, max })).join(''), 'ab'.repeat(40), `max ${max}`);
  }
});

test('the time of a line is its own with `time`, else its arrival; parts of a line share it', () => {
  const input = Buffer.from('2023-11-14T22:13:26.123Z one\nno stamp\n2023-11-14T22:13:27Z a long line that is cut in parts\n');
  assert.equal(linesOf(frame([input], { time: true })).map((line) => line.ts), [1700000006123, NOW, 1700000007000]);
  assert.equal(linesOf(frame([input])).map((line) => line.ts), [NOW, NOW, NOW]);
  const parts = linesOf(frame([input], { time: true, max: 40 }));
  assert.equal(parts.map((line) => line.ts), [1700000006123, NOW, 1700000007000, 1700000007000]);
});

test('a stamp is found behind a colour that strip takes out', () => {
  const input = Buffer.from('\x1b[32m2023-11-14T22:13:26Z\x1b[0m x\n');
  assert.equal(linesOf(frame([input], { time: true, strip: true })).map((line) => line.ts), [1700000006000]);
});

test('beat and end carry the last number', () => {
  const framer = new Framer({ ...TAG, max: 100 });
  assert.is(framer.sign('beat', NOW).toString(), '{"id":"web1/nginx","run":"k3x9a1qz","n":0,"ts":1795341000123,"beat":true}\n');
  frameWith(framer, [Buffer.from('a\nb\n')]);
  assert.is(framer.sign('end', NOW).toString(), '{"id":"web1/nginx","run":"k3x9a1qz","n":2,"ts":1795341000123,"end":true}\n');
});

test.run();
