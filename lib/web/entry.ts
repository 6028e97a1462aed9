/** An entry of the live feed read: the server writes records in one form only, so most bytes of a line need no looking at. */
import { fnv1a } from '../fnv.ts';
import { viewOf } from '../json-scan.ts';
import { Literal } from '../literal.ts';
import { isStreamId } from '../stream-id.ts';
import { TRAIT } from './kind.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE = 0x7d;
const ID = new Literal('{"id":"');
const RUN = new Literal('","run":"');
const N = new Literal('","n":');
const TS = new Literal(',"ts":');
const TS_ONLY = new Literal('","ts":');
const MSG = new Literal(',"msg":"');
const MORE = new Literal('"more":true');
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** One character for each byte, so that what matches in its text is as long as in the bytes. */
const bytewise = new TextDecoder('latin1');
/** How a record of the feed begins, whatever stands in its values; and how long that may be, bytes. */
const HEAD = /^\{"id":"[^"\\]*",(?:"run":"(?:[^"\\]|\\.)*","n":\d+,)?"ts":[^,"]*,"msg":"/;
const MAX_HEAD = 1024;

/** Who wrote a line: the beginning that all lines of a run share. */
export type Writer = { id: string; run: string; key: string };
/** What stands before the text of a record. */
type Head = { id: string; run?: string; n?: number; ts: number };
type Known = Writer & { literal: Literal };

const MAX_WRITERS = 4096;
const MAX_DIGITS = 15;

export class Entry {
  /** Stream and run; the same object again for the same writer, most of the time. */
  writer: Writer = { id: '', run: '', key: '' };
  n = 0;
  ts = NaN;
  traits = 0;
  /** The inside of msg, whether it holds escapes, and where the record ends. */
  start = 0;
  end = 0;
  escaped = false;
  tailEnd = 0;
  readonly #writers = new Map<number, Known>();
  #at = 0;

  /** Read bytes[start, end), a record without its newline, of which the server tells these traits. Gives why it is none, or undefined. */
  read(bytes: Uint8Array, start: number, end: number, traits: number): string | undefined {
    this.traits = traits;
    this.tailEnd = end;
    return this.#readKnown(bytes, start, end) ? undefined : this.#readAny(bytes, start, end);
  }

  #readKnown(bytes: Uint8Array, start: number, end: number): boolean {
    const view = viewOf(bytes);
    if (!ID.stands(bytes, view, start, end)) return false;
    const idEnd = bytes.indexOf(QUOTE, start + ID.length);
    if (idEnd < 0) return false;
    let writerEnd = idEnd;
    let n = 0;
    if (RUN.stands(bytes, view, idEnd, end)) {
      writerEnd = bytes.indexOf(QUOTE, idEnd + RUN.length);
      if (writerEnd < 0 || !N.stands(bytes, view, writerEnd, end)) return false;
      n = this.#digits(bytes, writerEnd + N.length, end);
      if (n < 1 || !TS.stands(bytes, view, this.#at, end)) return false;
      this.#at += TS.length;
    } else if (TS_ONLY.stands(bytes, view, idEnd, end)) this.#at = idEnd + TS_ONLY.length;
    else return false;
    const ts = this.#digits(bytes, this.#at, end);
    if (ts < 0 || !MSG.stands(bytes, view, this.#at, end)) return false;
    const msgStart = this.#at + MSG.length;
    if (!this.#message(bytes, msgStart, end)) return false;
    const writer = this.#writerOf(bytes, start + ID.length, idEnd, writerEnd);
    if (!writer) return false;
    this.writer = writer;
    this.n = n;
    this.ts = ts;
    return true;
  }

  /** Find the end of msg, and whether the keys after it say that the line goes on. */
  #message(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start;
    let escaped = false;
    for (let c = bytes[at]; c !== QUOTE; c = bytes[++at]) {
      if (c === BACKSLASH) {
        escaped = true;
        at++;
      }
      if (at >= end) return false;
    }
    if (bytes[end - 1] !== CLOSE) return false;
    this.start = start;
    this.end = at;
    this.escaped = escaped;
    if (MORE.stands(bytes, viewOf(bytes), at + 2, end)) this.traits |= TRAIT.more;
    return true;
  }

  /** A record that is written in another way than nearly all are: with escapes in its run, or a time before 1970. */
  #readAny(bytes: Uint8Array, start: number, end: number): string | undefined {
    const head = HEAD.exec(bytewise.decode(bytes.subarray(start, Math.min(end, start + MAX_HEAD))));
    if (!head || !this.#message(bytes, start + head[0].length, end)) return 'not a record of the feed';
    try {
      const { id, run = '', n = 0, ts } = JSON.parse(decoder.decode(bytes.subarray(start, end))) as Head;
      if (!isStreamId(id) || !Number.isSafeInteger(n)) return 'bad id or n';
      this.writer = { id, run, key: `${id}\n${run}` };
      this.n = n;
      this.ts = ts;
      return undefined;
    } catch {
      return 'not JSON';
    }
  }

  /** The number at `at`; -1 if there is none or it is too long. Leaves #at behind it. */
  #digits(bytes: Uint8Array, at: number, end: number): number {
    const start = at;
    let n = 0;
    for (let c = (bytes[at] as number) - 48; at < end && c >= 0 && c <= 9; c = (bytes[++at] as number) - 48) n = n * 10 + c;
    this.#at = at;
    return at === start || at - start > MAX_DIGITS ? -1 : n;
  }

  /** The writer whose id is bytes[start, idEnd) and whose run ends at writerEnd, which is idEnd for none. */
  #writerOf(bytes: Uint8Array, start: number, idEnd: number, writerEnd: number): Writer | undefined {
    const hash = fnv1a(bytes, start, writerEnd);
    const known = this.#writers.get(hash);
    if (known?.literal.length === writerEnd - start && known.literal.stands(bytes, viewOf(bytes), start, writerEnd)) return known;
    const id = decoder.decode(bytes.subarray(start, idEnd));
    if (!isStreamId(id)) return undefined;
    const run = writerEnd === idEnd ? '' : decoder.decode(bytes.subarray(idEnd + RUN.length, writerEnd));
    const writer = { id, run, key: `${id}\n${run}`, literal: new Literal(bytes.subarray(start, writerEnd)) };
    if (this.#writers.size >= MAX_WRITERS) this.#writers.clear();
    this.#writers.set(hash, writer);
    return writer;
  }
}
