/** How fast a sender may send: a token bucket that may be overdrawn by what was read at once; the debt is waited for, nothing is lost. */

const LEAST_BURST = 65_536; // what is read at once

/** The bucket of one key, shared by all its connections: it holds one second's bytes, at least 64 KiB. */
export class Pace {
  readonly #now: () => number;
  #rate: number; // bytes a second
  #left: number;
  #at: number;

  constructor(rate: number, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#rate = rate;
    this.#left = Math.max(rate, LEAST_BURST);
    this.#at = now();
  }

  /** Another rate from now on. */
  change(rate: number): void {
    this.#fill();
    this.#rate = rate;
    this.#fill();
  }

  /** So many bytes were read. */
  spend(bytes: number): void {
    this.#fill();
    this.#left -= bytes;
  }

  /** Milliseconds until all that was read is paid for; 0 when it is. */
  get wait(): number {
    this.#fill();
    return this.#left >= 0 ? 0 : (-this.#left / this.#rate) * 1000;
  }

  #fill(): void {
    const now = this.#now();
    this.#left = Math.min(Math.max(this.#rate, LEAST_BURST), this.#left + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
  }
}

/**
 * One connection under a pace. After it has read, it waits until everything read so far is paid for, whoever read it, and not for what
 * others read meanwhile: so the connections of one key take turns.
 */
export class Pacer {
  readonly #flow: () => void;
  #pace: Pace | undefined;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #limited = 0;

  /** `flow` is called when reading has to stop or may go on. */
  constructor(pace: Pace | undefined, flow: () => void) {
    this.#pace = pace;
    this.#flow = flow;
  }

  /** Whether not to read now. */
  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Milliseconds waited so far. */
  get limited(): number {
    return this.#limited + (this.waiting ? performance.now() - this.#since : 0);
  }

  /** So many bytes were read. */
  spend(bytes: number): void {
    if (!this.#pace) return;
    this.#pace.spend(bytes);
    if (!this.waiting) this.#await();
  }

  /** Another pace, or the same one with another rate. */
  change(pace: Pace | undefined): void {
    this.stop();
    this.#pace = pace;
    this.#await();
    this.#flow();
  }

  /** Wait no more. */
  stop(): void {
    if (!this.waiting) return;
    this.#limited = this.limited;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #await(): void {
    const wait = this.#pace?.wait ?? 0;
    if (wait === 0) return;
    this.#since = performance.now();
    this.#timer = setTimeout(() => {
      this.stop();
      this.#flow();
    }, Math.ceil(wait));
    this.#flow();
  }
}
