/** Something that is made anew not more often than so many ms. */

export class Now<T> {
  readonly #every: number;
  #value: T;
  #made = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(every: number, value: T) {
    this.#every = every;
    this.#value = value;
  }

  /** It must be made anew at once. */
  outdate(): void {
    this.#made = -Infinity;
  }

  /** The value; where it is too early to make it anew, `later` is called when it can be. */
  of(make: () => T, later: () => void): T {
    const left = this.#made + this.#every - performance.now();
    if (left <= 0) {
      this.#value = make();
      this.#made = performance.now();
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        later();
      }, left);
    }
    return this.#value;
  }
}
