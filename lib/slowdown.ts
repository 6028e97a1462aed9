/** Slows down whoever guesses: the first failures are free, after them every one doubles the wait for the next try. */

const FIRST_WAIT_MS = 1000;

/**
 * `free` failures cost nothing; no wait is longer than `longestMs`; a key is forgotten `forgetMs` after its last failure;
 * `size` keys are remembered.
 */
export type Pace = { free: number; longestMs: number; forgetMs: number; size: number };

type Entry = { failures: number; at: number };

/** Failures by key. Times are given, in ms. Of more keys than `size`, those that failed longest ago are forgotten. */
export class Slowdown {
  readonly #pace: Pace;
  readonly #entries = new Map<string, Entry>(); // the oldest failure first

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Milliseconds until the key may try again; 0 is now. */
  wait(key: string, now: number): number {
    const entry = this.#entry(key, now);
    if (!entry || entry.failures < this.#pace.free) return 0;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (entry.failures - this.#pace.free), this.#pace.longestMs);
    return Math.max(entry.at + wait - now, 0);
  }

  /** Count a failure. Counted when a try begins, so that many at once do not come in for free. */
  count(key: string, now: number): void {
    const failures = (this.#entry(key, now)?.failures ?? 0) + 1;
    this.#entries.delete(key);
    this.#entries.set(key, { failures, at: now });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#pace.size) break;
      this.#entries.delete(oldest);
    }
  }

  /** Take one back: the try was no failure. */
  takeBack(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && --entry.failures <= 0) this.#entries.delete(key);
  }

  #entry(key: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry && now - entry.at <= this.#pace.forgetMs) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}
