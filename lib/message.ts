/** One message under way: its bytes arrive in pieces, leave as one record, or as several when there are too many of them. */
import { isUtf8 } from 'node:buffer';
import { mayHoldEscapes, stripAnsi, unfinishedEscape } from './ansi.ts';
import type { RecordWriter } from './record-writer.ts';
import type { Stamper } from './stamp.ts';

const KEEP = 65_536; // a buffer grown past this is given back after the message
const MAX_ESCAPE = 4096; // a cut moves back by at most this much to leave an escape sequence whole

/** How messages become records. */
export type MessageOptions = {
  /** The most bytes of a message in one record, at least 4 and at most MAX_MESSAGE. */
  max: number;
  /** Take escape sequences out. */
  strip: boolean;
  /** Where the time comes from; without it, the time at which the message began to arrive. */
  stamper: Stamper | undefined;
};

/**
 * Collects a message and writes it. Where it is cut depends on its bytes alone, never on the pieces in which they came.
 * The generators give the records out whenever the writer's buffer is full; the caller takes the rest from the writer.
 */
export class Message {
  /** Messages that took more than one record. */
  split = 0;
  /** Messages with bytes that are not UTF-8, each such byte or broken character now U+FFFD. */
  replaced = 0;
  readonly #records: RecordWriter;
  readonly #options: MessageOptions;
  #held: Buffer = Buffer.alloc(0);
  #length = 0;
  #open = false;
  #parts = 0;
  #invalid = false;
  #ts = 0;

  constructor(records: RecordWriter, options: MessageOptions) {
    this.#records = records;
    this.#options = options;
  }

  /** Whether a message was begun and not finished. */
  get open(): boolean {
    return this.#open;
  }

  /** Add bytes[start, end), after beginning the message if need be; `now` is the time of arrival in ms. */
  *append(bytes: Buffer, start: number, end: number, now: number): Generator<Buffer, void> {
    this.#begin(now);
    const { max } = this.#options;
    while (start < end) {
      const count = Math.min(end - start, max + 1 - this.#length);
      this.#hold(bytes, start, start + count);
      start += count;
      if (this.#length > max) yield* this.#cut();
    }
  }

  /** The message is complete; without `append` before, it is an empty one. */
  *finish(now: number): Generator<Buffer, void> {
    this.#begin(now);
    yield* this.#write(this.#length, false);
    this.#open = false;
    this.#length = this.#parts = 0;
    if (this.#held.length > KEEP) this.#held = Buffer.alloc(0);
  }

  #begin(now: number): void {
    if (this.#open) return;
    this.#open = true;
    this.#invalid = false;
    this.#ts = now;
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    const need = this.#length + end - start;
    if (need > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#options.max + 1, Math.max(need, 2 * this.#held.length, 1024)));
      this.#held.copy(grown, 0, 0, this.#length);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#length, start, end);
    this.#length = need;
  }

  /** More than a record holds: write what fits, keep the rest. */
  *#cut(): Generator<Buffer, void> {
    let at = characterStart(this.#held, this.#options.max);
    if (this.#options.strip) at = escapeStart(this.#held.subarray(0, at));
    if (this.#parts === 0) this.split++;
    yield* this.#write(at, true);
    this.#parts++;
    this.#held.copyWithin(0, at, this.#length);
    this.#length -= at;
  }

  *#write(length: number, more: boolean): Generator<Buffer, void> {
    // Six bytes for each byte held is enough for what becomes U+FFFD, too, which takes three.
    if (!this.#records.room(length)) yield this.#records.take();
    const text = this.#changed(this.#held.subarray(0, length));
    const bytes = text ?? this.#held;
    const end = text ? text.length : length;
    if (this.#parts === 0 && this.#options.stamper) this.#ts = this.#options.stamper.read(bytes.subarray(0, end), 0, this.#ts);
    this.#records.from(bytes);
    this.#records.message(0, end, this.#ts, more);
  }

  /** The bytes as valid UTF-8, without escape sequences where that is wanted; undefined when they are that already. */
  #changed(bytes: Buffer): Buffer | undefined {
    const valid = isUtf8(bytes);
    if (!valid && !this.#invalid) {
      this.#invalid = true;
      this.replaced++;
    }
    if (this.#options.strip && mayHoldEscapes(bytes)) return Buffer.from(stripAnsi(bytes.toString()));
    return valid ? undefined : Buffer.from(bytes.toString());
  }
}

/** The last place at or before `at` that is not inside of a UTF-8 character; bytes that are no UTF-8 are cut anywhere. */
function characterStart(bytes: Buffer, at: number): number {
  if (!isContinuation(bytes[at])) return at;
  for (let back = 1; back <= 3; back++) {
    const byte = bytes[at - back];
    if (byte === undefined || isContinuation(byte)) continue;
    const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return width > back ? at - back : at;
  }
  return at;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Where the escape sequence begins that goes on behind the bytes; their length when there is none, or it is all there is. */
function escapeStart(bytes: Buffer): number {
  const text = bytes.toString();
  const tail = Buffer.byteLength(text.slice(unfinishedEscape(text)));
  return isUtf8(bytes) && tail <= MAX_ESCAPE && tail < bytes.length ? bytes.length - tail : bytes.length;
}
