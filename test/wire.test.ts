import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32, crc32ByTable } from '../lib/crc.ts';
import {
  ack, ackLimit, control, FrameReader, HEADER, MAX_CONTROL, MAX_PAYLOAD, putHeader, TYPE, WireError, type Frame,
} from '../lib/wire.ts';

type Plain = { type: number; offset: number; lines: number; payload: string };

const offsets = fc.oneof(fc.nat(1000), fc.integer({ min: 2 ** 31, max: 2 ** 53 - 1 - MAX_PAYLOAD }));
const dataFrame = fc.record({ offset: offsets, lines: fc.nat(9), payload: fc.uint8Array({ minLength: 1, maxLength: 3000 }) }).map((f) => {
  const bytes = Buffer.concat([Buffer.alloc(HEADER), f.payload]);
  putHeader(bytes, TYPE.data, f.offset, f.lines);
  const plain: Plain = { type: TYPE.data, offset: f.offset, lines: f.lines, payload: Buffer.from(f.payload).toString('latin1') };
  return { bytes, plain };
});
const controlFrame = fc.record({ offset: offsets, type: fc.constantFrom(TYPE.ping, TYPE.end) }).map(({ offset, type }) => ({
  bytes: control(type, offset),
  plain: { type, offset, lines: 0, payload: '' } as Plain,
}));
const frames = fc.array(fc.oneof(dataFrame, controlFrame), { maxLength: 6 });

/** Cut bytes into chunks at any positions. */
function cut(bytes: Buffer, at: number[]): Buffer[] {
  const marks = [0, ...at.map((x) => x % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return marks.slice(1).map((end, i) => bytes.subarray(marks[i], end));
}
function readAll(chunks: Buffer[], max = MAX_PAYLOAD): { got: Plain[]; reader: FrameReader } {
  const reader = new FrameReader();
  reader.max = max;
  const got: Plain[] = [];
  const take = (f: Frame): void => void got.push({ type: f.type, offset: f.offset, lines: f.lines, payload: f.payload.toString('latin1') });
  for (const chunk of chunks) reader.push(chunk, take);
  return { got, reader };
}

test('CRC-32 is the one of RFC 1952, by zlib and by table alike', () => {
  assert.is(crc32ByTable(Buffer.from('123456789')), 0xcbf43926);
  fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
    assert.is(crc32ByTable(b, crc32ByTable(a)), crc32(Buffer.concat([a, b])));
    assert.is(crc32(b, crc32(a)), crc32(Buffer.concat([a, b])));
  }));
});

test('frames come out as they went in, wherever the bytes are cut', () => {
  fc.assert(fc.property(frames, fc.array(fc.nat(), { maxLength: 12 }), (list, at) => {
    const { got, reader } = readAll(cut(Buffer.concat(list.map((f) => f.bytes)), at));
    assert.equal(got, list.map((f) => f.plain));
    assert.is(reader.held, 0);
    assert.is(reader.frames, list.length);
  }));
});

test('a cut at each byte of a stream, and byte by byte', () => {
  const bytes = Buffer.concat([control(TYPE.hello, 7, { v: 1 }), ack(5, 2 ** 40), control(TYPE.ping, 0), control(TYPE.end, 2 ** 53 - 1)]);
  const whole = readAll([bytes]).got;
  assert.is(whole.length, 4);
  for (let i = 0; i <= bytes.length; i++) assert.equal(readAll([bytes.subarray(0, i), bytes.subarray(i)]).got, whole, `cut at ${i}`);
  assert.equal(readAll([...bytes].map((b) => Buffer.from([b]))).got, whole);
});

test('an ACK carries the credit', () => {
  const reader = new FrameReader();
  let seen = 0;
  reader.push(ack(12, 2 ** 45 + 3), (frame) => {
    assert.is(frame.offset, 12);
    seen = ackLimit(frame);
  });
  assert.is(seen, 2 ** 45 + 3);
});

test('one wrong byte anywhere is noticed', () => {
  const payload = Buffer.from('a line\nanother\n');
  const bytes = Buffer.concat([Buffer.alloc(HEADER), payload]);
  putHeader(bytes, TYPE.data, 1234567, 2);
  for (let i = 0; i < bytes.length; i++) {
    for (const flip of [1, 0x80]) {
      const bad = Buffer.from(bytes);
      bad[i] = (bad[i] as number) ^ flip;
      let frames = 0;
      try {
        const { got } = readAll([bad]);
        frames = got.length; // a greater length only waits for more
      } catch (err) {
        assert.instance(err, WireError);
      }
      assert.is(frames, 0, `byte ${i}`);
    }
  }
});

test('noise never makes anything but a WireError, and holds little', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.constantFrom(...Object.values(TYPE), 0, 255), fc.uint8Array({ minLength: 22, maxLength: 200 }))
      .map(([type, rest]) => Uint8Array.from([0x4c, type, ...rest])),
  );
  fc.assert(fc.property(fc.array(noise, { maxLength: 8 }), (chunks) => {
    const reader = new FrameReader();
    try {
      for (const chunk of chunks) reader.push(Buffer.from(chunk), () => {});
    } catch (err) {
      assert.instance(err, WireError);
    }
    assert.ok(reader.held <= HEADER + 1600);
  }), { numRuns: 500 });
});

test('a length that is only claimed is refused or costs nothing', () => {
  const claim = (type: number, length: number, offset = 0): Buffer => {
    const header = Buffer.alloc(HEADER);
    putHeader(header, type, offset, 0);
    header.writeUInt32BE(length, 4);
    return header;
  };
  const push = (bytes: Buffer, max: number) => (): void => void readAll([bytes], max);
  assert.throws(push(claim(TYPE.data, MAX_PAYLOAD + 1), MAX_PAYLOAD), /too long/);
  assert.throws(push(claim(TYPE.data, 2 ** 32 - 1), MAX_PAYLOAD), /too long/);
  assert.throws(push(claim(TYPE.data, MAX_CONTROL + 1), MAX_CONTROL), /too long/);
  assert.throws(push(claim(TYPE.hello, MAX_CONTROL + 1), MAX_PAYLOAD), /too long/);
  assert.throws(push(claim(TYPE.ping, 1), MAX_PAYLOAD), /too long/);
  assert.throws(push(claim(TYPE.data, 1, 2 ** 53 - 1), MAX_PAYLOAD), /out of range/);
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 200 }, () => readAll([claim(TYPE.data, MAX_PAYLOAD), Buffer.from('x')], MAX_PAYLOAD).reader);
  assert.is(readers[0]?.held, HEADER + 1);
  assert.ok(process.memoryUsage().arrayBuffers - before < 200 * 100_000);
});

test.run();
