/** Every stream seen: its counts, its rate, its last line, and whether its writer is still there. */
import { Pulse } from './pulse.ts';

/** Rates are of the last ten seconds. */
const WINDOW = 10;
const SAMPLE_BYTES = 300;

const BACKSLASH = 0x5c;

/** Where to cut the inside of a JSON string from..to so that at most `max` bytes and no half escapes or characters are left. */
function cutEscaped(bytes: Uint8Array, from: number, to: number, max: number): number {
  const limit = from + max;
  if (to <= limit) return to;
  for (let at = from; ; ) {
    const c = bytes[at] as number;
    const step = c === BACKSLASH ? (bytes[at + 1] === 0x75 ? 6 : 2) : c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (at + step > limit) return at;
    at += step;
  }
}

/** One stream id. The counts begin where it was first seen, or seen again after it was forgotten. */
export class Stream {
  readonly id: string;
  lines = 0;
  bytes = 0;
  duplicates = 0;
  /** Numbers reported missing, less those that came late. */
  lost = 0;
  readonly pulse = new Pulse();
  /** No longer counted: look it up again. */
  forgotten = false;
  /** Inside of the last line's msg, still escaped, cut. */
  sample = Buffer.alloc(0);
  readonly #seconds = new Float64Array(WINDOW);
  #second = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** Count a line of so many bytes that arrived at `now` (ms). */
  line(bytes: number, now: number): void {
    this.lines++;
    this.bytes += bytes;
    this.pulse.line(now);
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#advance(second);
    (this.#seconds[second % WINDOW] as number)++;
  }

  /** Keep the beginning of the last line, as long as bytes[from, to) but not much. */
  keepSample(bytes: Uint8Array, from: number, to: number): void {
    const cut = bytes.subarray(from, cutEscaped(bytes, from, to, SAMPLE_BYTES));
    this.sample = Buffer.allocUnsafeSlow(cut.length); // not out of Node's pool: that would hold 8 KiB for each stream
    this.sample.set(cut);
  }

  /** Lines a second, over the last ten seconds. */
  rate(now: number): number {
    this.#advance(Math.floor(now / 1000));
    return this.#seconds.reduce((sum, count) => sum + count, 0) / WINDOW;
  }

  /** Forget the seconds that are over. A clock that is set back forgets nothing. */
  #advance(second: number): void {
    for (let s = Math.max(this.#second + 1, second - WINDOW + 1); s <= second; s++) this.#seconds[s % WINDOW] = 0;
    this.#second = Math.max(second, this.#second);
  }
}

/**
 * The streams by id, at most `max`. Beyond that the one silent for longest is forgotten and counted: ids come and go with
 * containers, and what people look for is the new one. The lines themselves are not touched by that.
 */
export class Streams implements Iterable<Stream> {
  /** Streams forgotten to keep the bound. */
  forgotten = 0;
  readonly #max: number;
  readonly #streams = new Map<string, Stream>();

  constructor(max = 10_000) {
    this.#max = max;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** The stream of that name. Keep it for as long as it is not `forgotten`: this is the slow way. */
  of(id: string): Stream {
    let stream = this.#streams.get(id);
    if (!stream) {
      if (this.#streams.size >= this.#max) this.#forgetSome();
      stream = new Stream(id);
      this.#streams.set(id, stream);
    }
    return stream;
  }

  [Symbol.iterator](): Iterator<Stream> {
    return this.#streams.values();
  }

  /** A hundredth at a time, so that a flood of new ids costs no search for each. */
  #forgetSome(): void {
    const oldest = [...this.#streams.values()].sort((a, b) => a.pulse.sign - b.pulse.sign);
    for (const stream of oldest.slice(0, Math.ceil(this.#max / 100))) {
      stream.forgotten = true;
      this.#streams.delete(stream.id);
      this.forgotten++;
    }
  }
}
