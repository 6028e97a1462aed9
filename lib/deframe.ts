/** Turns records back into the lines they were made of: lm-record(5) to text, whoever wrote them. */
import { isUtf8 } from 'node:buffer';
import { unescapeTo } from './json-text.ts';
import { MAX_LINE } from './lines.ts';
import { RecordReader } from './record.ts';

const LF = 10;
const MAX_WAITING = MAX_LINE; // bytes of records that wait for a line of another stream to end
const MAX_WAITING_RECORDS = 1000;
const SPARE = 2 * MAX_WAITING_RECORDS + 64; // newlines that are added

/** The line whose last part has not come yet. */
type Open = { id: string; run: string; n: number };

/**
 * Bytes of records in, blocks of text out; each block is valid until the next is asked for.
 *
 * Parts of a long line (`more`) go out at once and are glued together; what comes meanwhile from other streams waits for its end, up to
 * 1 MiB or 1,000 records. When that is full, when the parts do not follow each other, or at `release`, the line ends where it is.
 * A line that is no record goes out as it is, and so does one too long to be a record.
 */
export class Deframer {
  /** Lines written that came from records. */
  lines = 0;
  /** Lines that were not records. */
  strangers = 0;
  /** Lines that ended before their last part had come. */
  torn = 0;
  readonly #reader = new RecordReader();
  readonly #out = Buffer.allocUnsafeSlow(MAX_LINE + MAX_WAITING + SPARE);
  #at = 0;
  #held: Buffer = Buffer.alloc(0);
  #heldLength = 0;
  #passing = false; // in a line longer than any record
  #open: Open | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #hurried = false; // nothing waits any more: a line in the way is ended

  /** Whether records wait for the end of a line of another stream. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** The next bytes of the input, cut anywhere. */
  *push(chunk: Buffer): Generator<Buffer, void> {
    let start = 0;
    if (this.#heldLength > 0 || this.#passing) {
      const newline = chunk.indexOf(LF);
      start = newline < 0 ? chunk.length : newline + 1;
      yield* this.#goOn(chunk.subarray(0, start), newline >= 0);
    }
    const valid = isUtf8(chunk.subarray(start, chunk.lastIndexOf(LF) + 1));
    for (let newline = chunk.indexOf(LF, start); newline >= 0; newline = chunk.indexOf(LF, start)) {
      if (newline - start >= MAX_LINE) break;
      if (!this.#room(newline - start)) yield this.#take();
      this.#line(chunk, start, newline, valid);
      start = newline + 1;
    }
    if (start < chunk.length) {
      const newline = chunk.indexOf(LF, start);
      yield* this.#goOn(chunk.subarray(start, newline < 0 ? chunk.length : newline + 1), newline >= 0);
      if (newline >= 0 && newline + 1 < chunk.length) yield* this.push(chunk.subarray(newline + 1));
    }
    if (this.#at > 0) yield this.#take();
  }

  /** What waited has waited for long enough: end the line in its way. */
  *release(): Generator<Buffer, void> {
    if (!this.#room(0)) yield this.#take();
    this.#hurry();
    if (this.#at > 0) yield this.#take();
  }

  /** The end of the input. */
  *end(): Generator<Buffer, void> {
    if (this.#heldLength > 0) {
      if (!this.#room(this.#heldLength)) yield this.#take();
      const stranger = !this.#read(this.#held, 0, this.#heldLength);
      this.#line(this.#held, 0, this.#heldLength);
      this.#hurry();
      if (stranger) this.#at--; // it had no newline, and gets none; whatever waited was before it
    }
    this.#hurry();
    if (this.#open) this.#tear();
    if (this.#at > 0) yield this.#take();
  }

  #room(bytes: number): boolean {
    return this.#at + bytes + this.#waitingBytes + SPARE <= this.#out.length;
  }

  #take(): Buffer {
    const text = this.#out.subarray(0, this.#at);
    this.#at = 0;
    return text;
  }

  /** Go on with a line whose beginning came before; `bytes` end in its newline if it is `whole` now. */
  *#goOn(bytes: Buffer, whole: boolean): Generator<Buffer, void> {
    if (!this.#passing && this.#heldLength + bytes.length <= MAX_LINE) {
      this.#hold(bytes);
      if (!whole) return;
      const length = this.#heldLength - 1;
      this.#heldLength = 0;
      if (!this.#room(length)) yield this.#take();
      this.#line(this.#held, 0, length);
      return;
    }
    if (!this.#passing) {
      this.strangers++;
      if (!this.#room(0)) yield this.#take();
      this.#hurry();
      if (this.#open) this.#tear();
      if (this.#at > 0) yield this.#take();
      yield this.#held.subarray(0, this.#heldLength);
      this.#heldLength = 0;
    }
    this.#passing = !whole;
    yield bytes;
  }

  #hold(bytes: Buffer): void {
    const need = this.#heldLength + bytes.length;
    if (need > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(MAX_LINE, Math.max(need, 2 * this.#held.length, 1024)));
      this.#held.copy(grown, 0, 0, this.#heldLength);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#heldLength);
    this.#heldLength = need;
  }

  /** One line of the input, `valid` if it is known to be UTF-8. There must be room for it and for all that waits. */
  #line(bytes: Buffer, start: number, end: number, valid = false): void {
    const reader = this.#reader;
    const isRecord = this.#read(bytes, start, end, valid);
    const open = this.#open;
    const ours = isRecord && open !== undefined && reader.id === open.id;
    if (isRecord && reader.kind !== 'line') {
      if (ours && reader.kind === 'end' && reader.run === open.run) this.#tear();
      return;
    }
    if (open && !ours) {
      this.#wait(bytes, start, end);
      return;
    }
    if (open && !(reader.run === open.run && (reader.n === 0 || reader.n === open.n + 1))) {
      this.#tear();
      this.#line(bytes, start, end);
      return;
    }
    if (isRecord) {
      this.#at = unescapeTo(this.#out, this.#at, bytes, reader.msgStart, reader.msgEnd);
      this.#open = reader.more ? { id: reader.id, run: reader.run, n: reader.n } : undefined;
      if (this.#open) return;
      this.lines++;
    } else {
      this.strangers++;
      this.#at += bytes.copy(this.#out, this.#at, start, end);
    }
    this.#out[this.#at++] = LF;
    if (open) this.#goOnWithWaiting();
  }

  #read(bytes: Buffer, start: number, end: number, valid = false): boolean {
    return (valid || isUtf8(bytes.subarray(start, end))) && this.#reader.read(bytes, start, end) === undefined;
  }

  #wait(bytes: Buffer, start: number, end: number): void {
    if (this.#hurried) {
      this.#tear();
      this.#line(bytes, start, end);
    } else if (this.#waitingBytes + end - start > MAX_WAITING || this.#waiting.length >= MAX_WAITING_RECORDS) {
      this.#hurry();
      this.#line(bytes, start, end);
    } else {
      this.#waiting.push(Buffer.from(bytes.subarray(start, end)));
      this.#waitingBytes += end - start;
    }
  }

  /** Let all go out that waits, once through and in its order, whatever lines it ends. */
  #hurry(): void {
    if (this.#waiting.length === 0) return;
    this.#hurried = true;
    this.#tear();
    this.#hurried = false;
  }

  /** End the open line where it is. */
  #tear(): void {
    this.#out[this.#at++] = LF;
    this.#open = undefined;
    this.torn++;
    this.lines++;
    this.#goOnWithWaiting();
  }

  /** No line is open: take what waited, in its order; it may open lines itself, and what is in their way waits again. */
  #goOnWithWaiting(): void {
    while (!this.#open && this.#waiting.length > 0) {
      const records = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      for (const record of records) this.#line(record, 0, record.length);
    }
  }
}
