/** Reads the ways in, and makes what came visible within 20 ms. */
import type { Ingest } from './ingest.ts';
import { Source } from './ingest.ts';
import type { Input } from './input.ts';
import { LineCutter } from './lines.ts';

/** The longest that a line waits before it is visible, ms: batches are not smaller than need be under load. */
const FLUSH_MS = 20;

/** Any number of inputs, read at once, into one ingest. Reading never waits for clients. */
export class Intake {
  /** Lines that were longer than 1 MiB and came in pieces. */
  split = 0;
  readonly #ingest: Ingest;
  #flushed = 0;
  #scheduled = false;

  constructor(ingest: Ingest) {
    this.#ingest = ingest;
  }

  /** Read an input to its end. Rejects with an Error naming it; what came before is kept. */
  async take(input: Input): Promise<void> {
    const source = new Source();
    const cutter = new LineCutter();
    const push = (blocks: Buffer[]): void => {
      for (const block of blocks) this.#ingest.push(source, block, Date.now());
      if (this.#ingest.pending > 0) this.#schedule();
    };
    try {
      for await (const chunk of input) {
        const before = cutter.split;
        push(cutter.push(chunk));
        this.split += cutter.split - before;
      }
    } finally {
      push(cutter.end());
      this.flush();
    }
  }

  flush(): void {
    this.#flushed = performance.now();
    this.#ingest.flush();
  }

  /** At once after a pause, so that a single line does not wait; at most 50 times a second in a flood. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      this.flush();
    };
    const since = performance.now() - this.#flushed;
    if (since >= FLUSH_MS) setImmediate(flush);
    else setTimeout(flush, FLUSH_MS - since);
  }
}
