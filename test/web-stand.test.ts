/** Where a view stands, against a plain list of pixels; the rail's stretches; bytes shown as hexdump does. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hexOf, MAX_HEX } from '../lib/web/hex.ts';
import { lineHeight, PLAIN_LOOK } from '../lib/web/look.ts';
import { stretchesOf } from '../lib/web/rail.ts';
import { Stand } from '../lib/web/stand.ts';
import { RAIL } from '../lib/web/talk.ts';
import { shBytes } from './sh.ts';

const heights = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 40 });
const moves = fc.array(fc.integer({ min: -400, max: 400 }), { maxLength: 30 });

test('moved by any pixels it stands where a list of pixels says', () => {
  fc.assert(
    fc.property(heights, moves, fc.integer({ min: 1, max: 300 }), fc.integer({ min: -50, max: 50 }), (rows, steps, window, base) => {
      const starts = rows.map((_, i) => rows.slice(0, i).reduce((sum, h) => sum + h, 0));
      const total = rows.reduce((sum, h) => sum + h, 0);
      const ground = { heightOf: (at: number) => rows[at - base] ?? NaN, from: base, to: base + rows.length, window };
      const stand = new Stand();
      stand.put(base);
      let pixel = 0;
      for (const by of steps) {
        if (by < 0) stand.up(-by, ground);
        else stand.down(by, ground);
        pixel = Math.max(0, Math.min(pixel + by, total));
        assert.is((starts[stand.top - base] ?? NaN) + stand.above, pixel);
        assert.ok(stand.above >= 0 && stand.above <= ground.heightOf(stand.top));
        assert.is(stand.endsWithin(ground), total - pixel <= window);
        for (let at = stand.top; at < ground.to; at++) assert.is(stand.placeOf(at, ground), (starts[at - base] as number) - pixel);
      }
      for (let at = base; at < ground.to; at++) {
        stand.end(at, ground);
        const end = (starts[at - base] as number) + ground.heightOf(at);
        assert.is((starts[stand.top - base] as number) + stand.above, Math.max(0, end - window));
      }
    }),
  );
});

test('a row of another height: the same part of it is above the edge', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (before, after, part) => {
      const stand = new Stand();
      stand.put(7, Math.floor(before * part));
      const was = stand.above / before;
      stand.scale(before, after);
      assert.is(stand.top, 7);
      assert.ok(stand.above >= 0 && stand.above < after + (after === before ? 1 : 0));
      assert.ok(Math.abs(stand.above - was * after) <= 1);
    }),
  );
});

test('lines of text are whole pixels high and hold their letters, in every size and density', () => {
  for (let size = 9; size <= 22; size += 0.5) {
    const [compact, normal, roomy] = (['compact', 'normal', 'roomy'] as const).map((density) => lineHeight({ ...PLAIN_LOOK, size, density })) as [number, number, number];
    assert.ok(Number.isInteger(compact) && compact >= size && compact < normal && normal < roomy);
  }
  assert.is(lineHeight(PLAIN_LOOK), 20);
});

test('the rail: every bin that is marked can be seen, the gravest over the others', () => {
  const colours: [number, string][] = [[RAIL.warning, 'w'], [RAIL.error, 'e']];
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500, max: 15 }), fc.integer({ min: 50, max: 1000 }), (bins, height) => {
      const stretches = stretchesOf(bins, colours, height);
      let at = 0;
      for (const { from, to } of stretches) {
        assert.ok(from >= at && to >= from);
        at = to;
      }
      bins.forEach((bits, i) => {
        const middle = i / bins.length;
        const colour = (bits & RAIL.error) !== 0 ? 'e' : (bits & RAIL.warning) !== 0 ? 'w' : undefined;
        const shown = stretches.find(({ from, to }) => from <= middle && middle < to);
        if (colour !== undefined) assert.is(shown?.colour, colour);
      });
    }),
  );
});

test('bytes are shown as hexdump shows them', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256);
  const { out } = shBytes('od -A n -t x1 -v -w16', Buffer.from(bytes));
  const pairs = hexOf(bytes).split('\n').map((line) => line.slice(10, 59).replace(/ +/g, ' ').trim());
  assert.equal(pairs, out.toString().trimEnd().split('\n').map((line) => line.trim()));
  assert.is(hexOf(new TextEncoder().encode('Hi\0é')), `00000000  ${'48 69 00 c3 a9'.padEnd(48)} |Hi...|`);
  assert.match(hexOf(new Uint8Array(MAX_HEX + 5)), /and 5 bytes more$/);
});

test.run();
