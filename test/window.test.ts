import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32 } from '../lib/crc.ts';
import { readLoss } from '../lib/messages.ts';
import { FrameReader, HEADER, MAX_PAYLOAD, TYPE } from '../lib/wire.ts';
import type { Held } from '../lib/backlog.ts';
import { FRAME_FILL } from '../lib/frame-builder.ts';
import { Window } from '../lib/window.ts';

/** Lines of many lengths, around the sizes at which frames are cut. */
const line = fc.oneof(
  { weight: 8, arbitrary: fc.nat(300) },
  { weight: 1, arbitrary: fc.constantFrom(FRAME_FILL - 2, FRAME_FILL - 1, FRAME_FILL, FRAME_FILL + 1, 40_000, 200_000, MAX_PAYLOAD - 1) },
).map((n) => `${'x'.repeat(n)}\n`);
const block = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => lines.join(''));

/** The frames held from `from` on, each beginning where the one before ends. */
function framesOf(window: Window, from = 0): Held[] {
  const frames: Held[] = [];
  for (let frame = window.at(from); frame; frame = window.at(frame.end)) {
    assert.ok(frames.length === 0 || frame.offset === frames.at(-1)?.end);
    frames.push(frame);
  }
  return frames;
}
const textOf = (frames: Held[]): string => frames.map(({ bytes }) => bytes.subarray(HEADER).toString()).join('');

test('what is appended comes out as frames of whole lines, in order, with offsets and counts that are right', () => {
  fc.assert(fc.property(fc.array(fc.tuple(block, fc.boolean()), { maxLength: 8 }), (blocks) => {
    const window = new Window(1 << 30);
    for (const [text, seal] of blocks) {
      window.append(Buffer.from(text));
      if (seal) window.seal();
    }
    window.seal();
    const all = blocks.map(([text]) => text).join('');
    const frames = framesOf(window);
    assert.ok(textOf(frames) === all);
    let offset = 0;
    frames.forEach((held) => {
      const text = textOf([held]);
      const reader = new FrameReader();
      reader.max = MAX_PAYLOAD;
      reader.push(held.bytes, (frame) => {
        assert.equal([frame.type, frame.offset, frame.lines], [TYPE.data, offset, text.split('\n').length - 1]);
      });
      assert.is(reader.frames, 1);
      assert.ok(text.endsWith('\n') && (text.length <= FRAME_FILL || text.indexOf('\n') === text.length - 1));
      offset += text.length;
    });
    assert.equal([window.tail, window.sealed, window.base], [all.length, all.length, 0]);
    assert.equal(window.taken, { lines: all.split('\n').length - 1, bytes: all.length });
  }), { numRuns: 60 });
});

test('release, at, crc and unacked agree with a plain string', () => {
  const small = fc.array(fc.nat(40).map((n) => `${'y'.repeat(n)}\n`), { minLength: 1, maxLength: 5 }).map((lines) => lines.join(''));
  const step = fc.oneof(
    fc.record({ append: small, seal: fc.boolean() }),
    fc.record({ release: fc.nat(100) }),
    fc.record({ look: fc.nat(100), length: fc.nat(100) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const window = new Window(1 << 20);
    let all = '';
    let sealed = 0;
    let acked = 0;
    for (const s of steps) {
      if ('append' in s) {
        window.append(Buffer.from(s.append));
        all += s.append;
        if (s.seal) {
          window.seal();
          sealed = all.length;
        }
      } else if ('release' in s) {
        acked = Math.max(acked, Math.round(acked + ((sealed - acked) * s.release) / 100));
        window.release(acked);
      } else {
        const at = window.base + Math.round(((sealed - window.base) * s.look) / 100);
        const length = Math.round(((sealed - at) * s.length) / 100);
        assert.is(window.crc(at, length), crc32(Buffer.from(all.slice(at, at + length))));
        const frame = window.at(at);
        if (at < sealed) assert.ok(frame && frame.offset <= at && at < frame.end);
        else assert.is(frame, undefined);
      }
      assert.is(window.acked, acked);
      assert.ok(window.base <= Math.max(acked, 0) || window.base === sealed);
      assert.equal(window.unacked(), { lines: all.slice(acked).split('\n').length - 1, bytes: all.length - acked });
      assert.is(textOf(framesOf(window, window.base)), all.slice(window.base, sealed));
    }
    assert.is(window.crc(window.base - 1, 1), undefined);
    assert.is(window.crc(sealed, 1), undefined);
  }));
});

test('full by the memory that tiny frames cost, not by their bytes', () => {
  const window = new Window(100_000);
  let frames = 0;
  for (; !window.full; frames++) {
    window.append(Buffer.from('x\n'));
    window.seal();
  }
  assert.ok(frames > 200 && frames < 500, String(frames));
  window.release(window.tail);
  assert.not.ok(window.full);
  assert.is(window.base, window.tail);
});

test('memory of a large window stays near its limit', () => {
  const window = new Window(4 << 20);
  const lines = Buffer.from(`${'z'.repeat(150)}\n`.repeat(434));
  let worst = 0;
  for (let round = 0; round < 50; round++) {
    while (!window.full) window.append(lines);
    const held = framesOf(window, window.acked).reduce((sum, { bytes }) => sum + bytes.length, 0);
    worst = Math.max(worst, held);
    window.release(window.tail - 100_000);
  }
  assert.ok(worst <= (4 << 20) + 2 * FRAME_FILL, String(worst));
});

test('drop-oldest: what is not sent makes room, whole lines of it, counted; what is sent is never given up; nothing goes unsaid', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 2, arbitrary: fc.record({ send: fc.integer({ min: 1, max: 20 }) }) },
    { weight: 1, arbitrary: fc.record({ ack: fc.integer({ min: 0, max: 100 }) }) },
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
    const window = new Window(65_536, 'drop-oldest');
    let [n, all, out, lost, flight] = [0, '', '', { lines: 0, bytes: 0 }, 0];
    const send = (): boolean => {
      const frame = window.at(window.sent);
      if (!frame || (!frame.loss && flight + frame.bytes.length > window.flight)) return false;
      assert.is(frame.offset, window.sent);
      if (frame.loss) {
        const reader = new FrameReader();
        reader.push(frame.bytes, (read) => {
          const { from, to, lines } = readLoss(read);
          assert.equal([from, to], [frame.offset, frame.end]);
          assert.is(lines, all.slice(from, to).split('\n').length - 1);
          lost = { lines: lost.lines + lines, bytes: lost.bytes + to - from };
        });
      } else {
        assert.is(frame.bytes.subarray(HEADER).toString(), all.slice(frame.offset, frame.end));
        out += all.slice(frame.offset, frame.end);
      }
      window.sent = frame.end;
      flight = window.sent - window.acked;
      return true;
    };
    for (const s of steps) {
      if ('append' in s) {
        const text = Array.from({ length: s.append }, () => `${n++} ${'x'.repeat(n % 700)}\n`).join('');
        window.append(Buffer.from(text));
        window.seal();
        all += text;
        assert.not.ok(window.full);
      } else if ('send' in s) for (let i = 0; i < s.send && send(); i++);
      else window.release(window.acked + Math.floor(((window.sent - window.acked) * s.ack) / 100));
      flight = window.sent - window.acked;
    }
    for (let left = 1000; window.acked < window.sealed && left > 0; left--) {
      while (send());
      window.release(window.sent);
      flight = 0;
    }
    assert.is(window.acked, all.length);
    assert.equal(lost, window.dropped);
    assert.is(out.length + lost.bytes, all.length);
    assert.is(out.split('\n').length + lost.lines, all.split('\n').length);
  }), { numRuns: 200 });
});

test.run();
