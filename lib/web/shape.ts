/** How many lines there are over time and of which level, counted as they come and go: what the histogram is drawn from. */
import { LEVELS } from '../level.ts';
import type { Shape } from './talk.ts';

/** Widths of a step, ms: each is a whole number of the one before. */
const STEPS = [
  100, 500, 1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
  604_800_000, 6_048_000_000, 60_480_000_000, 6_048_000_000_000, 604_800_000_000_000,
];
/** The most steps that are kept, and that are shown. */
const MAX_KEPT = 2000;
const MAX_SHOWN = 240;
/** With fewer than this shown, finer steps would tell more; not where there are so many that they would not stay so fine. */
const FEW = 24;
const MANY = MAX_KEPT / 10;
/**
 * Lines so far from all others that these would be but a bar, so many times what they reach, are left out where they are so small a part of
 * all, which is larger across days: clocks that are wrong are mostly so by decades.
 */
const FAR = 10;
const strayPart = (gap: number): number => (gap >= 86_400_000 ? 0.2 : 0.005);

export class ShapeCounts {
  #width = 0; // index into STEPS
  #step = STEPS[0] as number;
  readonly #steps = new Map<number, Uint32Array>(); // by number of the step since the epoch
  #at = NaN;
  #counts: Uint32Array = new Uint32Array(LEVELS);

  add(ts: number, level: number): void {
    const at = Math.floor(ts / this.#step);
    if (at !== this.#at) this.#turnTo(at);
    (this.#counts[level] as number)++;
  }

  /** Take back a line that was added. */
  remove(ts: number, level: number): void {
    const at = Math.floor(ts / this.#step);
    const counts = this.#steps.get(at);
    if (!counts || counts[level] === 0) return;
    (counts[level] as number)--;
    if (counts.some((count) => count > 0)) return;
    this.#steps.delete(at);
    this.#at = NaN;
  }

  /** Whether counting anew would give finer steps. */
  get coarse(): boolean {
    if (this.#width === 0 || this.#steps.size === 0 || this.#steps.size > MANY) return false;
    const [from, to] = this.#range();
    return to - from + 1 < FEW;
  }

  /** The counts in at most 240 steps; undefined where nothing is counted. */
  shown(): Shape | undefined {
    if (this.#steps.size === 0) return undefined;
    const [from, to] = this.#range();
    let width = this.#width;
    while (width < STEPS.length - 1 && ((to - from + 1) * this.#step) / (STEPS[width] as number) > MAX_SHOWN) width++;
    const step = STEPS[width] as number;
    const each = step / this.#step;
    const first = Math.floor(from / each);
    const count = Math.floor(to / each) - first + 1;
    const counts = new Uint32Array(count * LEVELS);
    let [earlier, later] = [0, 0];
    for (const [at, own] of this.#steps) {
      if (at < from) earlier += sum(own);
      else if (at > to) later += sum(own);
      else {
        const base = (Math.floor(at / each) - first) * LEVELS;
        for (let level = 0; level < LEVELS; level++) counts[base + level] = (counts[base + level] as number) + (own[level] as number);
      }
    }
    return { from: first * step, to: (first + count) * step, step, counts, earlier, later };
  }

  /** First and last step that are not stray: those around the middle line, as far as what is beyond is far and little. */
  #range(): [number, number] {
    const keys = [...this.#steps.keys()].sort((a, b) => a - b);
    const at = (i: number): number => keys[i] ?? NaN;
    const before = [0]; // lines in front of each step
    for (const key of keys) before.push((before.at(-1) as number) + sum(this.#steps.get(key) as Uint32Array));
    const all = before.at(-1) as number;
    let low = keys.findIndex((_, i) => (before[i + 1] as number) * 2 >= all);
    let high = low;
    const far = (gap: number, lines: number): boolean =>
      Number.isNaN(gap) || (gap > FAR * (at(high) - at(low) + 1) && lines <= strayPart(gap * this.#step) * all);
    for (;;) {
      if (!far(at(low) - at(low - 1), before[low] as number)) low--;
      else if (!far(at(high + 1) - at(high), all - (before[high + 1] as number))) high++;
      else return [at(low), at(high)];
    }
  }

  #turnTo(at: number): void {
    let counts = this.#steps.get(at);
    if (!counts) {
      counts = new Uint32Array(LEVELS);
      this.#steps.set(at, counts);
      if (this.#steps.size > MAX_KEPT && this.#width < STEPS.length - 1) {
        this.#coarsen();
        return this.#turnTo(Math.floor((at * (STEPS[this.#width - 1] as number)) / this.#step));
      }
    }
    this.#at = at;
    this.#counts = counts;
  }

  #coarsen(): void {
    const old = [...this.#steps];
    const each = (STEPS[++this.#width] as number) / this.#step;
    this.#step = STEPS[this.#width] as number;
    this.#steps.clear();
    for (const [at, counts] of old) {
      const own = this.#steps.get(Math.floor(at / each));
      if (!own) this.#steps.set(Math.floor(at / each), counts);
      else counts.forEach((count, level) => (own[level] = (own[level] as number) + count));
    }
  }
}

const sum = (counts: Uint32Array): number => counts.reduce((all, count) => all + count, 0);
