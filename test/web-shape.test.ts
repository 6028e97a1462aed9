/** The lines over time: as many as there are, whatever their times; and clocks that are wrong do not hide the rest. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LEVEL, LEVELS } from '../lib/level.ts';
import { ShapeCounts } from '../lib/web/shape.ts';

const NOW = 1_795_341_000_000;
const YEAR = 365 * 86_400_000;
const spread = (lines: number, from: number, to: number): number[] => Array.from({ length: lines }, (_, i) => from + ((to - from) * i) / lines);
/** From and to of what is drawn, in seconds from NOW on, and how many lines are there, earlier and later. */
function drawn(...times: number[][]): { from: number; to: number; lines: number[] } {
  const counts = new ShapeCounts();
  for (const ts of times.flat()) counts.add(ts, LEVEL.info);
  const shape = counts.shown();
  if (!shape) return { from: NaN, to: NaN, lines: [] };
  return { from: (shape.from - NOW) / 1000, to: (shape.to - NOW) / 1000, lines: [shape.counts.reduce((a, b) => a + b, 0), shape.earlier, shape.later] };
}

test('lines of a wrong clock are told beside the others', () => {
  const minutes = spread(1000, NOW, NOW + 600_000);
  assert.equal(drawn(minutes), { from: 0, to: 600, lines: [1000, 0, 0] });
  assert.equal(drawn(minutes, spread(100, 0, 600_000), [NOW + 10 * YEAR]), { from: 0, to: 600, lines: [1000, 100, 1] });
  assert.equal(drawn(minutes, [NOW - 86_400_000]), { from: 0, to: 600, lines: [1000, 1, 0] });
});

test('lines that are far from others are drawn where they are many, or the gap is not long', () => {
  const { from, lines } = drawn(spread(1000, NOW, NOW + 600_000), spread(400, NOW - YEAR, NOW - YEAR + 600_000));
  assert.equal(lines, [1400, 0, 0]);
  assert.ok(from <= -YEAR / 1000);
  assert.equal(drawn([NOW - 3_600_000, ...spread(60, NOW, NOW + 1000)]).lines, [61, 0, 0]);
  assert.equal(drawn([NOW, NOW + 5 * YEAR]).lines, [2, 0, 0]);
});

test('every line is counted, and what is taken back is not', () => {
  const time = fc.oneof(fc.integer({ min: NOW, max: NOW + 60_000 }), fc.integer({ min: 0, max: 2 * NOW }), fc.constantFrom(0, -1, 8.64e15));
  const line = fc.record({ ts: time, level: fc.nat(LEVELS - 1), away: fc.boolean() });
  fc.assert(fc.property(fc.array(line, { maxLength: 300 }), (all) => {
    const counts = new ShapeCounts();
    for (const { ts, level } of all) counts.add(ts, level);
    for (const { ts, level, away } of all) if (away) counts.remove(ts, level);
    const left = all.filter(({ away }) => !away);
    const shape = counts.shown();
    if (!shape) return assert.is(left.length, 0);
    assert.is(shape.counts.reduce((a, b) => a + b, 0) + shape.earlier + shape.later, left.length);
    assert.ok(shape.counts.length <= 241 * LEVELS && shape.counts.length > 0);
  }));
});

test.run();
