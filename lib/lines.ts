/** Cuts a stream of bytes into blocks of whole lines: the one place that knows how long a line may be. */

/** The longest line that travels, in bytes with its newline: 1 MiB, as lm-record(5) says. */
export const MAX_LINE = 1_048_576;

const KEEP = 65_536; // a buffer grown past this is given back after the line
const LF = 10;
const NEWLINE = Buffer.from('\n');

/**
 * Whole lines out of chunks that end anywhere.
 *
 * A block is one or more lines, each ending in `\n`. Most blocks are views of the chunk they came in: copy before keeping.
 * A line longer than `max` bytes (newline included) is cut into pieces of `max`, each a line of its own, and counted in
 * `split`; nothing is dropped. Memory held between chunks is at most `max` bytes.
 */
export class LineCutter {
  /** Lines that were longer than the limit. */
  split = 0;
  /** Lines that ended without a newline at the end of the stream; one was added. */
  unended = 0;
  readonly #max: number;
  #buffer: Buffer = Buffer.alloc(0); // the unfinished line, grown by doubling: a peer that dribbles bytes must not cost an object each
  #held = 0;
  #splitting = false;

  constructor(max = MAX_LINE) {
    if (!(max >= 2)) throw new RangeError('a line holds at least two bytes');
    this.#max = max;
  }

  /** Bytes of an unfinished line held back. */
  get held(): number {
    return this.#held;
  }

  /** The blocks of whole lines that `chunk` completes. */
  push(chunk: Buffer): Buffer[] {
    const blocks: Buffer[] = [];
    let start = 0;
    if (this.#held > 0 || this.#splitting) start = this.#finishHeld(chunk, blocks);
    if (start < 0) return blocks;
    const last = chunk.lastIndexOf(LF);
    if (last >= start) {
      const block = chunk.subarray(start, last + 1);
      if (block.length <= this.#max) blocks.push(block);
      else this.#cutLong(block, blocks);
      start = last + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start), blocks);
    return blocks;
  }

  /** The last line if the stream did not end in a newline; its newline is added. */
  end(): Buffer[] {
    if (this.#held === 0) return [];
    this.unended++;
    this.#splitting = false;
    return [this.#take()];
  }

  /** The held bytes as a line. */
  #take(): Buffer {
    const line = Buffer.concat([this.#buffer.subarray(0, this.#held), NEWLINE]);
    this.#held = 0;
    if (this.#buffer.length > KEEP) this.#buffer = Buffer.alloc(0);
    return line;
  }

  /** Complete the held line from the chunk. Returns where the next line starts, or -1 when the chunk has no line end. */
  #finishHeld(chunk: Buffer, blocks: Buffer[]): number {
    const at = chunk.indexOf(LF);
    if (at < 0) {
      this.#hold(chunk, blocks);
      return -1;
    }
    this.#hold(chunk.subarray(0, at), blocks);
    if (this.#held > 0) blocks.push(this.#take());
    this.#splitting = false;
    return at + 1;
  }

  /** Keep the start of a line, giving out full pieces as soon as it is known to be longer than the limit. */
  #hold(bytes: Buffer, blocks: Buffer[]): void {
    const room = this.#max - 1;
    while (this.#held + bytes.length > room) {
      const piece = bytes.subarray(0, room - this.#held);
      this.#append(piece);
      blocks.push(this.#take());
      bytes = bytes.subarray(piece.length);
      if (!this.#splitting) this.split++;
      this.#splitting = true;
    }
    if (bytes.length === 0) return;
    this.#append(bytes);
  }

  #append(bytes: Buffer): void {
    const need = this.#held + bytes.length;
    if (need > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#max, Math.max(need, 2 * this.#buffer.length, 1024)));
      this.#buffer.copy(grown, 0, 0, this.#held);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#held);
    this.#held = need;
  }

  /** A block larger than the limit: give out its lines as they are while they fit, cut those that do not. */
  #cutLong(block: Buffer, blocks: Buffer[]): void {
    let from = 0;
    for (let start = 0; start < block.length; ) {
      const end = block.indexOf(LF, start) + 1;
      if (end - start > this.#max) {
        if (from < start) blocks.push(block.subarray(from, start));
        this.#hold(block.subarray(start, end - 1), blocks);
        if (this.#held > 0) blocks.push(this.#take());
        this.#splitting = false;
        from = end;
      }
      start = end;
    }
    if (from < block.length) blocks.push(block.subarray(from));
  }
}

/** How many lines a block holds: its newlines. */
export function countLines(block: Uint8Array): number {
  let lines = 0;
  for (let at = block.indexOf(LF); at >= 0; at = block.indexOf(LF, at + 1)) lines++;
  return lines;
}
