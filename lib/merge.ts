/** Several inputs into one output by whole lines: none is ever torn by another. */
import type { OnFull } from './fifo-writer.ts';
import type { Input } from './input.ts';
import { countLines, LineCutter } from './lines.ts';
import type { Output } from './output.ts';
import type { Counters } from './progress.ts';

const FULL = 1_048_576; // bytes waiting for the way out, above which `drop` drops

/** Takes lines of any number of inputs into one output. With `block`, reading an input waits until the output has what was read. */
export class Merge {
  lines = 0;
  bytes = 0;
  /** Lines dropped because the output was full. */
  dropped = 0;
  readonly #output: Output;
  readonly #onFull: OnFull;
  readonly #cutters: LineCutter[] = [];

  constructor(output: Output, onFull: OnFull) {
    this.#output = output;
    this.#onFull = onFull;
  }

  /** Lines longer than the limit, cut into pieces. */
  get split(): number {
    return this.#cutters.reduce((sum, cutter) => sum + cutter.split, 0);
  }

  counters(): Counters {
    return { lines: this.lines, bytes: this.bytes, dropped: this.dropped, split: this.split };
  }

  /** Resolves when the input has ended and all its lines are out; rejects as the output does. */
  async take(input: Input): Promise<void> {
    const cutter = new LineCutter();
    this.#cutters.push(cutter);
    for await (const chunk of input) for (const block of cutter.push(chunk)) await this.#put(block);
    for (const block of cutter.end()) await this.#put(block);
  }

  async #put(block: Buffer): Promise<void> {
    const lines = countLines(block);
    if (this.#onFull === 'drop') {
      if (this.#output.queued + block.length > FULL) {
        this.dropped += lines;
        return;
      }
      this.#queue(Buffer.from(block), lines);
      return;
    }
    await this.#output.write(block);
    this.#count(block, lines);
  }

  /** Without waiting: a failure is told to the next write, and at the end to `flush`. */
  #queue(block: Buffer, lines: number): void {
    this.#output.write(block).then(
      () => this.#count(block, lines),
      () => {},
    );
  }

  #count(block: Buffer, lines: number): void {
    this.lines += lines;
    this.bytes += block.length;
  }
}
