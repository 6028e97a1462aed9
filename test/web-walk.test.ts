/** How a view comes to stand elsewhere, against a plain list of pixels, whether the rows for it are known or come late. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KIND } from '../lib/web/kind.ts';
import { Known } from '../lib/web/known.ts';
import type { Ground } from '../lib/web/stand.ts';
import type { Row } from '../lib/web/talk.ts';
import { Walk, type Land } from '../lib/web/walk.ts';

const LINE = 10;
const LENS = 1;

const rowAt = (at: number): Row => ({
  at, position: at, kind: KIND.line, id: 'web1', run: 'r', n: at, ts: 0, level: 0, more: false, text: '', rest: 0, tail: '', marks: [], found: [],
  repeats: 1, folded: 0, opened: false, loadable: false, context: false, late: false,
});

/** Rows of these heights in a window; `late`: none is known until it has been asked for. */
class World {
  readonly walk: Walk;
  readonly known: Known;
  readonly total: number;
  readonly #starts: number[] = [];
  readonly #asked: [number, number][] = [];
  readonly heights: readonly number[];
  readonly window: number;
  readonly base: number;

  constructor({ heights, window, base }: Scene, late: boolean) {
    this.heights = heights;
    this.window = window;
    this.base = base;
    this.total = heights.reduce((sum, height) => (this.#starts.push(sum), sum + height), 0);
    this.known = new Known((_lens, from, to) => this.#asked.push([from, to]));
    this.turnTo(LENS, late);
    const perWindow = Math.ceil(window / LINE) + 1;
    const ground = (from: number, to: number): Ground => ({ heightOf: (at) => this.height(at), from, to, window });
    const drawn = (): Ground => ground(this.walk.top, Math.min(this.end, this.walk.top + perWindow + 1));
    const land: Land = {
      line: LINE,
      perWindow,
      get drawn() {
        return drawn();
      },
      groundOf: ground,
    };
    this.walk = new Walk(this.known, land);
    this.walk.putAt(base);
  }

  get end(): number {
    return this.base + this.heights.length;
  }

  /** How many pixels are above the edge. */
  get pixel(): number {
    return this.start(this.walk.top) + this.walk.above;
  }

  /** The most pixels that are above the edge of a window that is full. */
  get most(): number {
    return Math.max(0, this.total - this.window);
  }

  height(at: number): number {
    return this.heights[at - this.base] ?? NaN;
  }

  start(at: number): number {
    return this.#starts[at - this.base] ?? NaN;
  }

  turnTo(lens: number, late: boolean): void {
    this.known.turnTo(lens);
    this.known.reach(this.base, this.end);
    if (!late) this.known.learn(this.heights.map((_, i) => rowAt(this.base + i)), this.base);
  }

  /** Go, and give what is asked for until it has gone. */
  go(): string {
    for (let asked = 0; asked < 5; asked++) {
      const how = this.walk.go();
      if (how !== 'waits') return how;
      const [from, to] = this.#asked.pop() ?? [0, 0];
      assert.ok(from < to && from >= this.base && to <= this.end, `asked for ${from} to ${to}`);
      this.known.answer(Array.from({ length: to - from }, (_, i) => rowAt(from + i)), from);
    }
    return 'waits';
  }
}

type Scene = { heights: number[]; window: number; base: number };
const scenes: fc.Arbitrary<Scene> = fc.record({
  heights: fc.array(fc.integer({ min: LINE, max: 90 }), { minLength: 1, maxLength: 150 }),
  window: fc.integer({ min: LINE, max: 300 }),
  base: fc.integer({ min: -50, max: 50 }),
});
const nth = (world: World, part: number): number => world.base + Math.floor(part * world.heights.length);
const part = fc.double({ min: 0, max: 0.999, noNaN: true });

test('scrolled by any pixels it stands where a list of pixels says; at the last row that ends in following', () => {
  fc.assert(
    fc.property(scenes, fc.boolean(), fc.array(fc.array(fc.integer({ min: -900, max: 900 }), { minLength: 1, maxLength: 3 }), { maxLength: 20 }), (scene, late, moves) => {
      const world = new World(scene, late);
      let pixel = 0;
      for (const steps of moves) {
        for (const by of steps) world.walk.by(by);
        const sum = steps.reduce((a, b) => a + b);
        const how = world.go();
        pixel = Math.max(0, Math.min(pixel + sum, world.total));
        assert.is(world.pixel, pixel);
        assert.is(how, sum > 0 && world.total - pixel <= world.window ? 'ended' : 'gone');
        if (how === 'ended') world.walk.putAt(world.base);
        if (how === 'ended') pixel = 0;
      }
    }),
  );
});

test('gone to, a row stands so far below the edge, and the window is full, also where its rows come late', () => {
  fc.assert(
    fc.property(scenes, fc.boolean(), part, part, (scene, late, which, far) => {
      const world = new World(scene, late);
      const at = nth(world, which);
      const below = Math.floor((far * world.window) / 3);
      world.walk.to(at, below);
      assert.is(world.go(), 'gone');
      assert.is(world.pixel, Math.min(world.most, Math.max(0, world.start(at) - below)));
      // What is scrolled next is scrolled as ever.
      world.walk.by(world.total);
      assert.is(world.go(), 'ended');
    }),
  );
});

test('a row is brought into sight by the least way, one higher than the window with its beginning', () => {
  fc.assert(
    fc.property(scenes, part, part, (scene, from, which) => {
      const world = new World(scene, false);
      const { walk, window } = world;
      walk.to(nth(world, from), 0);
      world.go();
      const before = world.pixel;
      const { top } = walk;
      const at = nth(world, which);
      const seen = walk.inSight(at);
      walk.bringIn(at);
      assert.is(world.go(), seen === 'whole' || at <= top ? 'still' : 'gone');
      const [start, end] = [world.start(at), world.start(at) + world.height(at)];
      assert.is(seen === 'whole', start >= before && end <= before + window);
      if (seen === 'whole') assert.is(world.pixel, before);
      else if (start < before || end - start > window) assert.ok(world.pixel <= start && start < world.pixel + window);
      else if (seen === 'part') assert.is(world.pixel, end - window);
      else assert.ok(start < world.pixel + window && end > world.pixel, 'at least a line of it is seen');
    }),
  );
});

test('from a row in sight it is so many rows to another, from one out of sight to the edge of the window', () => {
  const world = new World({ heights: [10, 30, 10, 10, 10, 40, 10], window: 50, base: 5 }, false);
  const { walk } = world;
  walk.by(15); // 5 px of row 6 are above, 8 ends at 45
  assert.is(world.go(), 'gone');
  assert.equal([5, 6, 7, 8, 9].map((at) => walk.inSight(at)), ['out', 'part', 'whole', 'whole', 'part']);
  assert.equal([walk.rowFrom(7, 1), walk.rowFrom(8, -3), walk.rowFrom(6, 100), walk.rowFrom(7, -100)], [8, 5, 11, 5]);
  assert.equal([walk.rowFrom(-1, 1), walk.rowFrom(-1, -1)], [7, 8]);
  assert.equal([walk.anchor(8), walk.anchor(9), walk.anchor(-1)], [8, 6, 6]);
});

test('in another lens the row that is kept stays where it is, and the window is full', () => {
  fc.assert(
    fc.property(scenes, fc.boolean(), part, fc.integer({ min: -80, max: 200 }), (scene, late, which, place) => {
      const world = new World(scene, false);
      const at = nth(world, which);
      world.turnTo(LENS + 1, late);
      world.walk.turn(at, place);
      assert.is(world.go(), place > 0 ? 'gone' : 'still');
      const last = world.end - Math.ceil(world.window / LINE);
      if (place > 0) assert.is(world.pixel, Math.min(world.most, Math.max(0, world.start(at) - place)));
      else assert.equal([world.walk.top, world.walk.above], at <= last ? [at, Math.max(0, -place)] : [Math.max(world.base, last), 0]);
      world.walk.turn(undefined, 0);
      assert.equal([world.go(), world.walk.top], ['still', Math.max(world.base, Math.min(last, world.end - 1))]);
    }),
  );
});

test('rows that are held no more stay while they can be seen and are known', () => {
  const world = new World({ heights: Array.from({ length: 100 }, () => LINE), window: 50, base: 0 }, false);
  const { walk, known } = world;
  walk.by(95);
  world.go();
  known.reach(30, 100);
  walk.keepUp();
  assert.equal([walk.top, walk.above], [9, 5]);
  known.turnTo(LENS);
  known.reach(30, 100);
  walk.keepUp();
  assert.equal([walk.top, walk.above], [30, 0]);
});

test('drawn higher or lower, of the row at the top the same part stays above the edge, or at least something in sight', () => {
  const heights = [10, 40, 10];
  const world = new World({ heights, window: 20, base: 0 }, false);
  const { walk } = world;
  walk.by(30);
  world.go();
  assert.equal([walk.top, walk.above, walk.passed], [1, 20, 1.5]);
  heights[1] = 80;
  walk.rescale();
  assert.equal([walk.above, walk.passed], [40, 1.5]);
  heights[1] = 10;
  walk.trim();
  assert.is(walk.above, 9);
});

test.run();
