/** How many lines there are over time and of which level, counted as they come and go: what the histogram is drawn from. */
import { LEVELS } from '../level.ts';
import type { Shape } from './talk.ts';

/** Widths of a step, ms: each is a whole number of the one before. */
const STEPS = [
  100, 500, 1000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
  604_800_000, 6_048_000_000, 60_480_000_000, 6_048_000_000_000,
];
/** The most steps that are kept, and that are shown. */
const MAX_KEPT = 2000;
const MAX_SHOWN = 240;
/** With fewer than this shown, finer steps would tell more. */
const FEW = 24;
/** Lines with a time far from all others are left out when they are at most this part of all: a clock that is wrong would hide the rest. */
const STRAY = 0.005;

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
    if (this.#width === 0 || this.#steps.size === 0) return false;
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
    for (const [at, own] of this.#steps) {
      if (at < from || at > to) continue;
      const base = (Math.floor(at / each) - first) * LEVELS;
      for (let level = 0; level < LEVELS; level++) counts[base + level] = (counts[base + level] as number) + (own[level] as number);
    }
    return { from: first * step, to: (first + count) * step, step, counts };
  }

  /** First and last step that are not stray. */
  #range(): [number, number] {
    const keys = [...this.#steps.keys()].sort((a, b) => a - b);
    const sizes = keys.map((key) => (this.#steps.get(key) as Uint32Array).reduce((sum, count) => sum + count, 0));
    const stray = sizes.reduce((sum, size) => sum + size, 0) * STRAY;
    let [low, high] = [0, keys.length - 1];
    for (let left = stray; low < high && (sizes[low] as number) <= left; low++) left -= sizes[low] as number;
    for (let left = stray; high > low && (sizes[high] as number) <= left; high--) left -= sizes[high] as number;
    const [from, to] = [keys[low] as number, keys[high] as number];
    const [first, last] = [keys[0] as number, keys.at(-1) as number];
    // What is not far from the others belongs to them.
    const span = to - from + 1;
    return [from - first > span ? from : first, last - to > span ? to : last];
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
