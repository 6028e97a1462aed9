/** The one way out of a receiver: takes what waits, sender by sender, and writes it, so that no line tears another. */
import type { Output } from './output.ts';
import type { Counters } from './progress.ts';
import { Rota } from './rota.ts';

/** What a receiver needs of its way out. */
export interface WayOut {
  readonly rota: Rota;
  /** Rejects when nothing can go out any more. Never resolves. */
  readonly failed: Promise<never>;
  /** Resolves when all is safe, and acknowledged as such, that has come until then. */
  idle(): Promise<void>;
  /** Resolves when that has also been written to standard output, or nobody reads it any more. */
  drained(): Promise<void>;
  /** Resolves when the reader of standard output has left for good, where that is no failure. */
  readonly gone: Promise<void>;
  /** Let go of everything; what is not written by now is not written any more. */
  close(): Promise<void>;
  counters(): Counters;
}

export class Outlet implements WayOut {
  readonly rota = new Rota(() => this.#wake());
  /** Rejects when the output fails: the reader has left, or the disk is full. Never resolves. */
  readonly failed: Promise<never>;
  readonly gone = new Promise<void>(() => {});
  readonly #output: Output;
  readonly #written: () => void;
  #fail: (err: unknown) => void = () => {};
  #idle: Promise<void> = Promise.resolve();
  #busy = false;

  /** `written` is called each time something went out. */
  constructor(output: Output, written: () => void) {
    this.#output = output;
    this.#written = written;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => {});
  }

  /** Resolves when nothing waits any more, with what has come until then. */
  idle(): Promise<void> {
    return this.#idle;
  }

  drained(): Promise<void> {
    return this.#idle;
  }

  async close(): Promise<void> {
    this.#output.close();
  }

  counters(): Counters {
    return {};
  }

  #wake(): void {
    if (this.#busy) return;
    this.#busy = true;
    // After this round of the event loop: what several connections bring in it goes out together.
    this.#idle = new Promise((resolve) => setImmediate(() => void this.#run().then(resolve)));
  }

  async #run(): Promise<void> {
    try {
      while (!this.rota.empty) {
        const taken = this.rota.take(this.#output.fit);
        const first = taken.length === 1 ? taken[0]?.block.bytes : undefined;
        const bytes = first ?? Buffer.concat(taken.map(({ block }) => block.bytes));
        if (bytes.length > 0) await this.#output.write(bytes);
        this.rota.done(taken);
        this.#written();
      }
      this.#busy = false;
    } catch (err) {
      this.#fail(err); // and stays busy: nothing more goes out
    }
  }
}
