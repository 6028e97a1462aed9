/** The one way out of a receiver: takes what waits, sender by sender, and writes it, so that no line tears another. */
import { Rota } from './rota.ts';
import type { Output } from './output.ts';

const WRITE = 65_536; // what a pipe holds (pipe(7)): about as much goes out in one write

export class Outlet {
  readonly rota = new Rota(() => this.#wake());
  /** Rejects when the output fails: the reader has left, or the disk is full. Never resolves. */
  readonly failed: Promise<never>;
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

  #wake(): void {
    if (this.#busy) return;
    this.#busy = true;
    // After this round of the event loop: what several connections bring in it goes out together.
    this.#idle = new Promise((resolve) => setImmediate(() => void this.#run().then(resolve)));
  }

  async #run(): Promise<void> {
    try {
      while (!this.rota.empty) {
        const taken = this.rota.take(WRITE);
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
