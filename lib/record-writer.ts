/** Writes records (lm-record(5)) into one buffer: the hot path between a text line and its record. */
import { closeSync, openSync, readSync } from 'node:fs';
import { MAX_LINE } from './lines.ts';

const LF = 10;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 48;
const NINE = 57;

/** The most that all of a record but its message may take: id, run, numbers and fields. */
export const MAX_ENVELOPE = 65_536;
/** The longest message, in bytes before escaping: where every byte becomes six (`\u0000`), the record is still within its limit. */
export const MAX_MESSAGE = (MAX_LINE - MAX_ENVELOPE) / 6;

const SLACK = 8; // the copy loops write whole words

/** What JSON.stringify writes for each byte that it escapes (ECMA-262, QuoteJSONString); other bytes of UTF-8 stand for themselves. */
const ESCAPED: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) return undefined;
  return new Uint8Array(Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1)));
});

/** What all records of one run share. */
export type Tag = { id: string; run: string; fields?: readonly (readonly [key: string, value: string])[] };

/** A new token for a run: 8 digits to the base of 36. It comes from random(4), since loading node:crypto would cost 8 ms of a start. */
export function newRun(): string {
  const bytes = Buffer.alloc(6);
  const fd = openSync('/dev/urandom', 'r');
  readSync(fd, bytes);
  closeSync(fd);
  return (bytes.readUIntBE(0, 6) % 36 ** 8).toString(36).padStart(8, '0');
}

/** A buffer for a writer: for several, when what each `take`s is used up before the next one writes. */
export const recordBuffer = (): Buffer => Buffer.allocUnsafeSlow(MAX_LINE + SLACK);

/**
 * Records one after the other in a buffer that is used again and again.
 *
 * The owner calls `room` before each record and, when there is none, takes out what is there. Messages are valid UTF-8; checking that
 * is the owner's business, as it is cheaper for a whole block.
 */
export class RecordWriter {
  /** Number of the last record: 1, 2, 3... */
  n = 0;
  readonly #tag: Tag;
  readonly #out: Buffer;
  readonly #outWords: DataView;
  #at = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #words = new DataView(this.#bytes.buffer);
  #ts = 0;
  // The beginning of the next record up to its message, in whole words; the number in it counts up in place.
  #opening = new Uint8Array(0);
  #openingWords = new DataView(this.#opening.buffer);
  #openingLength = 0;
  #lastDigit = 0;
  readonly #closing: Uint8Array;
  readonly #closingMore: Uint8Array;
  readonly #envelope: number;

  /** Throws Error when the fields are too long for a record. */
  constructor(tag: Tag, out = recordBuffer()) {
    this.#tag = tag;
    this.#out = out;
    this.#outWords = new DataView(out.buffer, out.byteOffset, out.length);
    const fields = (tag.fields ?? []).map(([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`).join('');
    this.#closing = Buffer.from(`"${fields}}\n`);
    this.#closingMore = Buffer.from(`","more":true${fields}}\n`);
    this.#envelope = this.#closingMore.length + Buffer.byteLength(this.#head(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
    if (this.#envelope > MAX_ENVELOPE) throw new Error(`fields take more than ${MAX_ENVELOPE / 1024} KiB`);
    this.#makeOpening(0);
  }

  /** Bytes of records that wait to be taken. */
  get length(): number {
    return this.#at;
  }

  /** Whether a record with a message of `bytes` (at most MAX_MESSAGE) is sure to fit. Always true when nothing waits. */
  room(bytes: number): boolean {
    return this.#at + this.#envelope + 6 * bytes <= MAX_LINE;
  }

  /** The records written so far; valid until the next one is written. */
  take(): Buffer {
    const records = this.#out.subarray(0, this.#at);
    this.#at = 0;
    return records;
  }

  /** Where the messages of the next calls are. */
  from(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Write the line at `start`, whose newline is before `end`, as a record. Returns where the next line starts. */
  line(start: number, end: number, ts: number): number {
    this.#open(ts);
    const stop = this.#copy(start, end);
    this.#append(this.#closing);
    return stop + 1;
  }

  /** Write the message [start, end) as a record; newlines in it are part of it. `more`: the line goes on in the next record. */
  message(start: number, end: number, ts: number, more: boolean): void {
    this.#open(ts);
    for (let at = this.#copy(start, end); at < end; at = this.#copy(at + 1, end)) {
      this.#out[this.#at++] = BACKSLASH;
      this.#out[this.#at++] = 0x6e;
    }
    this.#append(more ? this.#closingMore : this.#closing);
  }

  /** A record without a message, `beat` or `end`; it carries the number of the last line and stands outside of the buffer. */
  sign(kind: 'beat' | 'end', ts: number): Buffer {
    return Buffer.from(`{"id":${JSON.stringify(this.#tag.id)},"run":"${this.#tag.run}","n":${this.n},"ts":${ts},"${kind}":true}\n`);
  }

  #head(n: number, ts: number): string {
    return `{"id":${JSON.stringify(this.#tag.id)},"run":"${this.#tag.run}","n":${n},"ts":${ts},"msg":"`;
  }

  #makeOpening(ts: number): void {
    const head = Buffer.from(this.#head(this.n, ts));
    this.#opening = new Uint8Array((head.length + 3) & ~3);
    this.#opening.set(head);
    this.#openingWords = new DataView(this.#opening.buffer);
    this.#openingLength = head.length;
    this.#lastDigit = head.indexOf(',"ts":') - 1;
    this.#ts = ts;
  }

  /** Number the record and write what stands before its message. */
  #open(ts: number): void {
    this.n++;
    let digit = this.#lastDigit;
    const opening = this.#opening;
    while (opening[digit] === NINE) opening[digit--] = ZERO;
    const value = opening[digit] as number;
    if (value >= ZERO && value < NINE) opening[digit] = value + 1;
    if (value < ZERO || value > NINE || ts !== this.#ts) this.#renew(ts, value < ZERO || value > NINE);
    const words = this.#openingWords;
    const outWords = this.#outWords;
    const at = this.#at;
    const length = this.#openingLength;
    for (let i = 0; i < length; i += 4) outWords.setInt32(at + i, words.getInt32(i, true), true);
    this.#at = at + length;
  }

  /** A new time, or a number with one digit more. */
  #renew(ts: number, longer: boolean): void {
    if (longer || ts < 1e12 || ts >= 1e13 || this.#ts < 1e12 || this.#ts >= 1e13) {
      this.#makeOpening(ts);
      return;
    }
    // Thirteen digits, as from 2001 to 2286, take the place of thirteen.
    const first = this.#lastDigit + 1 + ',"ts":'.length;
    let high = Math.floor(ts / 1e6);
    let low = ts - high * 1e6;
    for (let i = first + 12; i > first + 6; i--, low = (low / 10) | 0) this.#opening[i] = ZERO + (low % 10);
    for (let i = first + 6; i >= first; i--, high = (high / 10) | 0) this.#opening[i] = ZERO + (high % 10);
    this.#ts = ts;
  }

  #append(bytes: Uint8Array): void {
    const out = this.#out;
    let at = this.#at;
    for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i] as number;
    this.#at = at;
  }

  /**
   * Copy text into a JSON string up to its first newline or `end`, and return where that is.
   *
   * Eight bytes at a time are copied and looked at; where one of them needs more than copying, what was copied behind it is overwritten.
   */
  #copy(start: number, end: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const out = this.#out;
    const outWords = this.#outWords;
    const lastPair = end - 8;
    let i = start;
    let at = this.#at;
    while (i < end) {
      if (i <= lastPair) {
        const first = words.getInt32(i, true);
        const second = words.getInt32(i + 4, true);
        const marks = special(first);
        const secondMarks = special(second);
        outWords.setInt32(at, first, true);
        outWords.setInt32(at + 4, second, true);
        if ((marks | secondMarks) === 0) {
          i += 8;
          at += 8;
          continue;
        }
        const plain = marks !== 0 ? lowest(marks) : 4 + lowest(secondMarks);
        i += plain;
        at += plain;
      }
      const byte = bytes[i] as number;
      if (byte === LF) break;
      i++;
      if (byte === QUOTE || byte === BACKSLASH) {
        out[at] = BACKSLASH;
        out[at + 1] = byte;
        at += 2;
      } else if (byte >= 0x20) {
        out[at++] = byte;
      } else {
        const escaped = ESCAPED[byte] as Uint8Array;
        for (let k = 0; k < escaped.length; k++) out[at++] = escaped[k] as number;
      }
    }
    this.#at = at;
    return i;
  }
}

/** The top bit of each byte of four that is below a space, a quote or a backslash. A borrow only travels upwards, so the lowest is true. */
function special(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  return (((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080;
}

/** The lowest marked byte of four. */
function lowest(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}
