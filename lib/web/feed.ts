/** The live feed of lm-serve read: blocks of bytes in, entries out, and the cursor to go on from after a cut. */
import { traitsOf } from '../level.ts';
import { Entry } from './entry.ts';

/** What the reader tells of; byte ranges hold until the call returns. */
export type FeedSink = {
  /** The server's first line; `known` is false where its epoch is not the one the cursor was of. */
  hello(known: boolean, now: number): void;
  /** What comes next is the entry of this number. */
  next(epoch: string, seq: number): void;
  /** An entry that is a record. `ts` is the record's own time or that of its arrival at the server. False if it is not one row: it was taken before, or comes with a note. */
  record(entry: Entry, bytes: Uint8Array, ts: number): boolean;
  /** An entry that is no record to this page. */
  strange(text: string, why: string, ts: number): void;
  /** Lines that have not come: `lines` of the run, `from` to `to`. */
  lost(id: string, run: string, from: number, to: number, lines: number, ts: number): void;
  /** The writer of a stream ended. */
  end(id: string, ts: number): void;
  /** Entries that this client is not given: `from` to `to` of the server's. */
  skip(count: number, why: string, epoch: string, from: number, to: number): void;
};

/** The longest line of the feed: a record of 1 MiB, each of its bytes escaped. */
const MAX_FEED_LINE = 8 * 1024 * 1024;

const NEWLINE = 0x0a;
const decoder = new TextDecoder();
const CONTROL = new TextEncoder().encode('{"@":');

type Control = Record<string, unknown>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : 0);

export class FeedReader {
  /** Epoch of the server, '' before its first line, and the number of the last entry taken. */
  epoch = '';
  seq = 0;
  /** Number of the first entry taken, undefined before it; 0 once entries of an earlier life of the server stand before it. */
  first: number | undefined;
  readonly #sink: FeedSink;
  readonly #entry = new Entry();
  #parts: Uint8Array[] = []; // the beginning of a line whose end has not come
  #partLength = 0;
  #left = 0; // entries of the batch still to come
  #next = 0; // number of the first of them
  #ts = 0; // arrival of the batch
  #traits = ''; // a digit for each of its entries
  #greeted = false;

  constructor(sink: FeedSink) {
    this.#sink = sink;
  }

  /** Read from the entry after this one on, as when a connection to that life of the server is made again. */
  static from(sink: FeedSink, epoch: string, seq: number): FeedReader {
    const reader = new FeedReader(sink);
    reader.epoch = epoch;
    reader.seq = seq;
    return reader;
  }

  /** Where to resume, as `after` wants it; undefined while nothing has come. */
  get cursor(): string | undefined {
    return this.epoch === '' ? undefined : `${this.epoch}.${this.seq}`;
  }

  /** A new connection begins: what was cut off in the middle of a line comes again. */
  begin(): void {
    this.#parts = [];
    this.#partLength = 0;
    this.#left = 0;
    this.#greeted = false;
  }

  /** Take a block as it came. Throws where the bytes are not the feed: the connection should be given up, the cursor still holds. */
  push(block: Uint8Array): void {
    let start = 0;
    for (let stop = block.indexOf(NEWLINE); stop >= 0; stop = block.indexOf(NEWLINE, start)) {
      if (this.#partLength === 0) this.#line(block, start, stop);
      else {
        this.#keep(block.subarray(start, stop));
        const line = joined(this.#parts, this.#partLength);
        this.#parts = [];
        this.#partLength = 0;
        this.#line(line, 0, line.length);
      }
      start = stop + 1;
    }
    if (start < block.length) this.#keep(block.slice(start));
  }

  #keep(part: Uint8Array): void {
    this.#partLength += part.length;
    if (this.#partLength > MAX_FEED_LINE) throw new Error('a line of the feed is too long');
    this.#parts.push(part);
  }

  #line(bytes: Uint8Array, start: number, end: number): void {
    if (isControl(bytes, start, end)) this.#control(parsed(bytes, start, end));
    else if (!this.#greeted) throw new Error('the feed does not begin with hello');
    else if (this.#left === 0) throw new Error('a record outside of a batch');
    else if (this.#isNew()) {
      const why = this.#entry.read(bytes, start, end, traitsOf(this.#traits.charCodeAt(this.#traits.length - 1 - this.#left)) & 15);
      if (why !== undefined) this.#sink.strange(decoder.decode(bytes.subarray(start, end)), why, this.#ts);
      else if (!this.#sink.record(this.#entry, bytes, Number.isNaN(this.#entry.ts) ? this.#ts : this.#entry.ts)) {
        this.#sink.next(this.epoch, this.seq + 1);
      }
    }
  }

  #control(line: Control): void {
    const kind = line['@'];
    if (kind === 'hello') return this.#hello(text(line['epoch']), count(line['now']));
    if (!this.#greeted) throw new Error('the feed does not begin with hello');
    const ts = Number.isFinite(line['ts']) ? (line['ts'] as number) : this.#ts;
    if (kind === 'batch') return this.#batch(line, ts);
    if (kind === 'skip') {
      const [from, to] = [position(text(line['from'])), position(text(line['to']))];
      this.seq = Math.max(this.seq, to);
      return this.#sink.skip(count(line['count']), text(line['why']), this.epoch, from, to);
    }
    if (this.#left === 0 || !this.#isNew()) return; // no entry: a beat, or something newer servers say
    if (kind === 'lost') {
      this.#sink.lost(text(line['id']), text(line['run']), count(line['from']), count(line['to']), count(line['lines']), ts);
    } else if (kind === 'end') this.#sink.end(text(line['id']), ts);
  }

  #hello(epoch: string, now: number): void {
    const known = this.epoch === '' || this.epoch === epoch;
    if (!known) this.seq = this.first = 0;
    this.epoch = epoch;
    this.#greeted = true;
    this.#sink.hello(known, now);
  }

  /** The entries' numbers tell whether any is missing before them, whatever the reason. */
  #batch(line: Control, ts: number): void {
    if (this.#left > 0) throw new Error('a batch within a batch');
    const at = position(text(line['at']));
    if (at < 1) throw new Error('a batch without a number');
    if (this.seq > 0 && at > this.seq + 1) this.#sink.skip(at - this.seq - 1, 'missing', this.epoch, this.seq + 1, at - 1);
    this.#next = at;
    this.#left = count(line['count']);
    this.#ts = ts;
    this.#traits = text(line['traits']);
    this.#sink.next(this.epoch, Math.max(at, this.seq + 1));
  }

  /** Count an entry of the batch; false if it was taken before. */
  #isNew(): boolean {
    const seq = this.#next++;
    this.#left--;
    if (seq <= this.seq) return false;
    this.seq = seq;
    this.first ??= seq;
    return true;
  }
}

/** The number in `EPOCH.SEQ`; 0 for anything else. */
function position(at: string): number {
  const seq = Number(at.slice(at.lastIndexOf('.') + 1));
  return Number.isSafeInteger(seq) && seq > 0 ? seq : 0;
}

function isControl(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < CONTROL.length) return false;
  for (let i = 0; i < CONTROL.length; i++) if (bytes[start + i] !== CONTROL[i]) return false;
  return true;
}

function parsed(bytes: Uint8Array, start: number, end: number): Control {
  const value: unknown = JSON.parse(decoder.decode(bytes.subarray(start, end)));
  return value as Control;
}

function joined(parts: Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
