import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Held } from '../lib/backlog.ts';
import { FrameBuilder } from '../lib/frame-builder.ts';
import { lossFrame } from '../lib/messages.ts';
import { parseSegmentName, readSegment, segmentName } from '../lib/segment.ts';
import { HEADER } from '../lib/wire.ts';
import { random } from './oracle.ts';

const EPOCH = '0123456789abcdef0123456789abcdef';

/** Frames of a few lines each, and the bytes of a file that holds them. */
function fileOf(frames: number, base: number): { frames: Held[]; bytes: Buffer; text: string } {
  const made: Held[] = [];
  const builder = new FrameBuilder((frame) => made.push(frame));
  builder.tail = base;
  let text = '';
  for (let n = 0; n < frames; n++) {
    const lines = Array.from({ length: 1 + (n % 3) }, (_, i) => `${n}.${i} ${'y'.repeat((n * 7) % 40)} LD\0\0\0\0\n`).join('');
    builder.append(Buffer.from(lines));
    builder.seal();
    text += lines;
  }
  return { frames: made, bytes: Buffer.concat(made.map(({ bytes }) => bytes)), text };
}

/** What the frames hold; those that were lost as `?` for each of their bytes. */
function textOf(frames: readonly Held[]): string {
  return frames.map(({ bytes, offset, end, loss }) => (loss ? '?'.repeat(end - offset) : bytes.subarray(HEADER).toString())).join('');
}

/** Frames follow one another from `base`, and never hold other bytes than the original at their place. */
function checkAgainst(text: string, base: number, frames: readonly Held[], end: number): void {
  let at = base;
  for (const frame of frames) {
    assert.is(frame.offset, at);
    if (!frame.loss) assert.is(frame.bytes.subarray(HEADER).toString(), text.slice(frame.offset - base, frame.end - base));
    at = frame.end;
  }
  assert.is(end, at);
}

test('names say order, epoch and base, and sort in that order', () => {
  const name = segmentName({ order: 7, epoch: EPOCH, base: 1234 });
  assert.is(name, `00000007-${EPOCH}-0000000000001234.frames`);
  assert.equal(parseSegmentName(name), { order: 7, epoch: EPOCH, base: 1234 });
  const strange = [`${name}.damaged`, `${name}.new`, 'ack', '00000007-xyz-0000000000001234.frames', name.replace(/\d{16}/, '9'.repeat(16))];
  for (const other of strange) assert.is(parseSegmentName(other), undefined);
});

test('a whole file is read as it was written', () => {
  const { frames, bytes, text } = fileOf(20, 5000);
  const found = readSegment(bytes, 5000);
  assert.equal([found.damaged, found.torn, found.end], [0, 0, 5000 + text.length]);
  assert.is(textOf(found.frames), text);
  assert.equal(found.frames.map(({ lines }) => lines), frames.map(({ lines }) => lines));
  assert.equal(readSegment(bytes, 5000, 5000 + text.length).damaged, 0);
});

test('cut at every byte: what is whole is there, the rest is torn, or lost where more follows', () => {
  const { frames, bytes, text } = fileOf(12, 100);
  for (let length = 0; length <= bytes.length; length++) {
    const whole = frames.filter((_, n) => frames.slice(0, n + 1).reduce((sum, f) => sum + f.bytes.length, 0) <= length);
    const end = whole.at(-1)?.end ?? 100;
    const last = readSegment(bytes.subarray(0, length), 100);
    assert.is(textOf(last.frames), text.slice(0, end - 100));
    assert.equal([last.damaged, last.torn], [0, length - whole.reduce((sum, f) => sum + f.bytes.length, 0)]);
    const before = readSegment(bytes.subarray(0, length), 100, 100 + text.length);
    assert.is(before.damaged, 100 + text.length - end);
    checkAgainst(text, 100, before.frames, 100 + text.length);
  }
});

test('every byte flipped: all other frames are there, at their places; the damage is counted to the byte, and to the line', () => {
  const { frames, bytes, text } = fileOf(9, 0);
  let at = 0;
  for (const [n, frame] of frames.entries()) {
    for (let i = 0; i < frame.bytes.length; i++) {
      for (const bit of [1, 128]) {
        const bad = Buffer.from(bytes);
        bad[at + i] = (bad[at + i] as number) ^ bit;
        const found = readSegment(bad, 0, text.length);
        checkAgainst(text, 0, found.frames, text.length);
        assert.is(found.damaged, frame.end - frame.offset);
        const lost = found.frames.filter(({ loss }) => loss);
        assert.is(lost.length, 1);
        if (i >= HEADER) assert.is(lost[0]?.lines, frame.lines);
        const last = readSegment(bad, 0);
        checkAgainst(text, 0, last.frames, last.end);
        assert.is(n === frames.length - 1 && last.damaged === 0 ? last.torn : 0, last.torn);
      }
    }
    at += frame.bytes.length;
  }
});

test('anything at all: no exception, no byte at a wrong place, every good frame behind the damage is found', () => {
  const { bytes, text } = fileOf(15, 300);
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(200), fc.integer({ min: 1 }), fc.boolean(), (from, length, seed, zero) => {
    const next = random(seed);
    const bad = Buffer.from(bytes);
    for (let i = from; i < Math.min(bad.length, from + length); i++) bad[i] = zero ? 0 : next() * 256;
    const found = readSegment(bad, 300, 300 + text.length);
    checkAgainst(text, 300, found.frames, 300 + text.length);
    assert.ok(found.damaged <= length + 2 * 130, `${found.damaged} of ${length}`);
  }), { numRuns: 500 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(1000), (noise, base) => {
    const found = readSegment(Buffer.from(noise), base);
    assert.equal([found.end, found.frames.length], [base, 0]);
    assert.is(found.torn, noise.length);
  }));
});

test('lines that look like frames are no frames, and cost no more than a bounded search', () => {
  const inner = fileOf(3, 200_000).bytes;
  const made: Held[] = [];
  const builder = new FrameBuilder((frame) => made.push(frame));
  const starts = Buffer.from('LD\0\0\0\x0f\xff\xff\0\0\0\0\0\0\0\0'.repeat(3000), 'latin1');
  builder.append(Buffer.concat([inner, Buffer.from('\n'), starts, Buffer.from('\n')]));
  builder.append(Buffer.from('behind\n'));
  builder.seal();
  const bytes = Buffer.concat(made.map((frame) => frame.bytes));
  const bad = Buffer.from(bytes);
  bad[40] = (bad[40] as number) ^ 1;
  const begun = performance.now();
  const { frames, end } = readSegment(bad, 0, builder.tail);
  assert.ok(performance.now() - begun < 2000);
  assert.is(end, builder.tail);
  for (const { loss, bytes: own, offset } of frames) {
    if (!loss) assert.ok(made.some((frame) => frame.offset === offset && frame.bytes.equals(own)));
  }
});

test('a frame that stands there twice is taken once', () => {
  const { frames, text } = fileOf(4, 0);
  const [a, b, c, d] = frames.map((frame) => frame.bytes) as [Buffer, Buffer, Buffer, Buffer];
  const found = readSegment(Buffer.concat([a, b, a, c, d]), 0, text.length);
  checkAgainst(text, 0, found.frames, text.length);
  assert.is(found.damaged, 0);
});

test('a file that says what was given up', () => {
  const bytes = lossFrame({ from: 50, to: 5000, lines: 70, reason: 'given up' });
  const { frames, end, damaged } = readSegment(bytes, 50, 5000);
  assert.equal([frames.length, frames[0]?.loss, frames[0]?.lines, end, damaged], [1, true, 70, 5000, 0]);
});

test.run();
