/** Turns a stream of text lines into records: lm-record(5), one JSON object a line. */
import { isUtf8 } from 'node:buffer';
import { mayHoldEscapes } from './ansi.ts';
import { Joiner } from './joiner.ts';
import { Message } from './message.ts';
import { MAX_MESSAGE, RecordWriter, type Tag } from './record-writer.ts';
import { Stamper } from './stamp.ts';

const LF = 10;

/** The least that --max may be: a UTF-8 character takes up to four bytes. */
export const MIN_MAX = 4;

export type FramerOptions = Tag & {
  /** The most bytes of a line in one record: MIN_MAX to MAX_MESSAGE. */
  max: number;
  /** Take the time from the line, where it has one. */
  time?: boolean;
  /** Take terminal escape sequences out. */
  strip?: boolean;
  /** Lines that match continue the record before. */
  join?: RegExp;
  /** Where records are put together, see recordBuffer. */
  buffer?: Buffer;
};

/**
 * Chunks that end anywhere in, blocks of whole records out. What comes out depends on the bytes and the times given, never on how the
 * bytes are cut into chunks. Memory is bounded by `max`, also for a line without an end.
 *
 * Each block is valid until the next is asked for. Times are milliseconds since the epoch.
 */
export class Framer {
  readonly #records: RecordWriter;
  readonly #message: Message;
  readonly #joiner: Joiner | undefined;
  readonly #stamper: Stamper | undefined;
  readonly #max: number;
  readonly #strip: boolean;
  #lines = 0;

  /** Throws RangeError for an impossible `max`, Error for fields that are too long. */
  constructor(options: FramerOptions) {
    const { max, strip = false } = options;
    if (!(max >= MIN_MAX && max <= MAX_MESSAGE)) throw new RangeError(`max must be ${MIN_MAX} to ${MAX_MESSAGE}`);
    this.#records = new RecordWriter(options, options.buffer);
    this.#max = max;
    this.#strip = strip;
    this.#stamper = options.time ? new Stamper() : undefined;
    this.#message = new Message(this.#records, { max, strip, stamper: this.#stamper });
    if (options.join) this.#joiner = new Joiner(this.#message, { pattern: options.join, max, strip });
  }

  /** Number of the last record. */
  get n(): number {
    return this.#records.n;
  }

  /** Lines read. */
  get lines(): number {
    return this.#joiner ? this.#joiner.lines : this.#lines;
  }

  /** Lines, or with `join` messages, longer than `max`. */
  get split(): number {
    return this.#message.split;
  }

  /** Those with bytes that are not UTF-8. */
  get replaced(): number {
    return this.#message.replaced;
  }

  /** Whether a message waits for lines that continue it, so that `settle` is wanted after some silence. */
  get waiting(): boolean {
    return this.#joiner?.waiting ?? false;
  }

  /** Bytes that arrived at `now`. Every line that they complete is in the records that come out. */
  *push(chunk: Buffer, now: number): Generator<Buffer, void> {
    if (this.#joiner) yield* this.#joiner.push(chunk, now);
    else yield* this.#pushLines(chunk, now);
    if (this.#records.length > 0) yield this.#records.take();
  }

  /** It has been silent for long enough: what waited goes out. */
  *settle(now: number): Generator<Buffer, void> {
    if (!this.#joiner) return;
    yield* this.#joiner.settle(now);
    if (this.#records.length > 0) yield this.#records.take();
  }

  /** The end of the input: a last line without a newline is a line. */
  *end(now: number): Generator<Buffer, void> {
    if (this.#joiner) yield* this.#joiner.end(now);
    else if (this.#message.open) yield* this.#finishLine(now);
    if (this.#records.length > 0) yield this.#records.take();
  }

  /** A record without a message: `beat` while idle, `end` at the end of the input. */
  sign(kind: 'beat' | 'end', now: number): Buffer {
    return this.#records.sign(kind, now);
  }

  *#pushLines(chunk: Buffer, now: number): Generator<Buffer, void> {
    let start = 0;
    if (this.#message.open) {
      const newline = chunk.indexOf(LF);
      const end = newline < 0 ? chunk.length : newline;
      yield* this.#message.append(chunk, 0, end, now);
      if (newline < 0) return;
      yield* this.#finishLine(now);
      start = end + 1;
    }
    const end = chunk.lastIndexOf(LF) + 1;
    if (end > start) yield* this.#wholeLines(chunk, start, end, now);
    if (end < chunk.length) yield* this.#message.append(chunk, end, chunk.length, now);
  }

  *#finishLine(now: number): Generator<Buffer, void> {
    this.#lines++;
    yield* this.#message.finish(now);
  }

  /** Lines that are all there: straight from the chunk into records, but for those about which something is unusual. */
  *#wholeLines(chunk: Buffer, start: number, end: number, now: number): Generator<Buffer, void> {
    const plain = this.#isPlain(chunk.subarray(start, end));
    for (let at = start; at < end; ) {
      const all = plain && end - at <= this.#max;
      const stop = all ? end : chunk.indexOf(LF, at) + 1;
      if (!all && (stop - 1 - at > this.#max || !(plain || this.#isPlain(chunk.subarray(at, stop))))) {
        yield* this.#message.append(chunk, at, stop - 1, now);
        yield* this.#finishLine(now);
        at = stop;
      } else {
        if (!this.#records.room(Math.min(stop - at, this.#max))) yield this.#records.take();
        at = this.#copyLines(chunk, at, stop, now);
      }
    }
  }

  /** Whether the bytes may be copied as they are: UTF-8, and nothing in them to take out. */
  #isPlain(bytes: Buffer): boolean {
    return isUtf8(bytes) && !(this.#strip && mayHoldEscapes(bytes));
  }

  /** The hot path: lines of the block [at, end) while there is room for all that is left of it. Returns where it stopped. */
  #copyLines(chunk: Buffer, at: number, end: number, now: number): number {
    const records = this.#records;
    const stamper = this.#stamper;
    const before = records.n;
    records.from(chunk);
    do at = records.line(at, end, stamper ? stamper.read(chunk, at, now) : now);
    while (at < end && records.room(end - at));
    this.#lines += records.n - before;
    return at;
  }
}
