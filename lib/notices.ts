/** Messages about what others do: however often they do it, a log gets few lines of it, and the number of those left out. */

const REMEMBERED = 100;

export type NoticeLimits = {
  /** So many at once, then one every `every` ms. */
  burst?: number;
  every?: number;
  /** The same text not again for so long, ms. */
  same?: number;
};

/** Lets some messages through and counts the others, and says so with the next one that passes. */
export class Notices {
  readonly #say: (text: string) => void;
  readonly #limits: Required<NoticeLimits>;
  readonly #now: () => number;
  readonly #recent = new Map<string, number>();
  #left: number;
  #since: number;
  #kept = 0;

  constructor(say: (text: string) => void, limits: NoticeLimits = {}, now: () => number = () => performance.now()) {
    this.#say = say;
    this.#limits = { burst: 10, every: 5000, same: 0, ...limits };
    this.#now = now;
    this.#left = this.#limits.burst;
    this.#since = now();
  }

  say(text: string): void {
    const { burst, every } = this.#limits;
    const now = this.#now();
    const more = Math.floor((now - this.#since) / every);
    this.#left = Math.min(burst, this.#left + more);
    this.#since += more * every;
    if (this.#left === 0 || this.#saidLately(text, now)) {
      this.#kept++;
      return;
    }
    this.#left--;
    this.#say(this.#kept > 0 ? `${text} (${this.#kept} messages left out before this one)` : text);
    this.#kept = 0;
  }

  /** Say how many were left out at last. */
  end(): void {
    if (this.#kept > 0) this.#say(`messages left out: ${this.#kept}`);
    this.#kept = 0;
  }

  #saidLately(text: string, now: number): boolean {
    const { same } = this.#limits;
    if (same === 0) return false;
    const last = this.#recent.get(text);
    if (last !== undefined && now - last < same) return true;
    this.#recent.delete(text);
    this.#recent.set(text, now);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= REMEMBERED) break;
      this.#recent.delete(oldest);
    }
    return false;
  }
}
