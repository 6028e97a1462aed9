/** A set whose members leave it by themselves. */

/** Keys remembered until their time; of more than `size`, the oldest are forgotten first. Times are given, in ms. */
export class ExpiringSet {
  readonly #size: number;
  readonly #until = new Map<string, number>();

  constructor(size: number) {
    this.#size = size;
  }

  has(key: string, now: number): boolean {
    const until = this.#until.get(key);
    if (until !== undefined && now >= until) this.#until.delete(key);
    return until !== undefined && now < until;
  }

  add(key: string, until: number): void {
    this.#until.delete(key);
    this.#until.set(key, until);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= this.#size) break;
      this.#until.delete(oldest);
    }
  }

  clear(): void {
    this.#until.clear();
  }
}
