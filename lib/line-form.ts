/** The form that the records of one lm-frame process share: recognised four bytes at a time, without reading what they say. */
import { stringEnd, viewOf } from './json-scan.ts';
import { Literal } from './literal.ts';

const LF = 0x0a;
const MAX_DIGITS = 15; // any number of so many is exact, and a time that a date can name
const MAX_SUFFIX = 256;
const TS = new Literal(',"ts":');
const MSG = new Literal(',"msg":"');

/** `{"id":"ID","run":"RUN","n":` N `,"ts":` TS `,"msg":"` TEXT `"` SUFFIX: all but the capitals the same in every line. */
export class Form {
  readonly #prefix: Literal;
  readonly #suffix: Literal;

  private constructor(prefix: Buffer, suffix: Buffer) {
    this.#prefix = new Literal(prefix);
    this.#suffix = new Literal(suffix);
  }

  /**
   * The form of the record at bytes[start, end) with this id and run, which a RecordReader has read and found canonical; its text ends
   * before `tail`. Undefined when it is spelled in another way.
   */
  static of(bytes: Buffer, start: number, end: number, id: string, run: string, tail: number): Form | undefined {
    const prefix = Buffer.from(`{"id":"${id}","run":"${run}","n":`);
    if (end - tail > MAX_SUFFIX) return undefined;
    if (bytes.compare(prefix, 0, prefix.length, start, Math.min(end, start + prefix.length)) !== 0) return undefined;
    return new Form(prefix, bytes.subarray(tail, end + 1));
  }

  /** Whether the line at `start` begins as all of this form do. */
  begins(bytes: Buffer, start: number): boolean {
    return this.#prefix.stands(bytes, viewOf(bytes), start, bytes.length);
  }

  /** Where the line behind it begins, if the line at `start` (which `begins` so) is a record of this form; else -1, which tells nothing. */
  end(bytes: Buffer, start: number): number {
    const view = viewOf(bytes);
    const end = bytes.length;
    let at = numberEnd(bytes, start + this.#prefix.length);
    if (at < 0 || !TS.stands(bytes, view, at, end)) return -1;
    at = numberEnd(bytes, at + TS.length);
    if (at < 0 || !MSG.stands(bytes, view, at, end)) return -1;
    at = stringEnd(bytes, view, at + MSG.length, end);
    return at >= 0 && this.#suffix.stands(bytes, view, at + 1, end) ? at + 1 + this.#suffix.length : -1;
  }
}

/** Behind the digits at `at`; -1 when it is no whole number above 0 of at most 15 digits. */
function numberEnd(bytes: Buffer, at: number): number {
  const first = at;
  if (bytes[at] === 0x30) return -1;
  for (let c = bytes[at] as number; c >= 0x30 && c <= 0x39; c = bytes[++at] as number);
  return at > first && at - first <= MAX_DIGITS ? at : -1;
}

/** Where the line behind the one at `start` begins. */
export function nextLine(bytes: Buffer, start: number): number {
  return bytes.indexOf(LF, start) + 1;
}
