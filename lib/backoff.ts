/** How long to wait before the next attempt: full jitter, so that many senders do not come back at once. */

/** Waits of at most 0.25 s, doubled with each failure up to 30 s, each drawn anew between 0 and that. */
export class Backoff {
  readonly #first: number;
  readonly #longest: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(first = 250, longest = 30_000, random: () => number = Math.random) {
    this.#first = first;
    this.#longest = longest;
    this.#random = random;
  }

  /** Milliseconds to wait now; the next wait may be longer. */
  next(): number {
    const most = Math.min(this.#longest, this.#first * 2 ** Math.min(this.#failures++, 20));
    return Math.round(most * this.#random());
  }

  /** Something has gone well. */
  reset(): void {
    this.#failures = 0;
  }
}
