/** The form that the records of one lm-frame process share: recognised four bytes at a time, without reading what they say. */

const [LF, QUOTE, BACKSLASH] = [0x0a, 0x22, 0x5c];
const MAX_DIGITS = 15; // any number of so many is exact, and a time that a date can name
const MAX_SUFFIX = 256;
const ESCAPED = new Uint8Array(256);
for (const c of '"\\/bfnrt') ESCAPED[c.charCodeAt(0)] = 1;
const TS = Buffer.from(',"ts":');
const MSG = Buffer.from(',"msg":"');

/**
 * Whole lines and a view of the same bytes, for `Form`. A DataView reads words at any address, which blocks out of a connection begin at.
 */
export type Lines = { bytes: Buffer; view: DataView };

export function linesOf(bytes: Buffer): Lines {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** `{"id":"ID","run":"RUN","n":` N `,"ts":` TS `,"msg":"` TEXT `"` SUFFIX: all but the capitals the same in every line. */
export class Form {
  readonly #prefix: Buffer;
  readonly #words: Int32Array; // the same, four bytes each
  readonly #suffix: Buffer;

  private constructor(prefix: Buffer, suffix: Buffer) {
    this.#prefix = prefix;
    this.#words = Int32Array.from({ length: prefix.length >>> 2 }, (_, i) => prefix.readInt32LE(4 * i));
    this.#suffix = suffix;
  }

  /**
   * The form of the record at bytes[start, end) with this id and run, which a RecordReader has read and found canonical; its text ends
   * before `tail`. Undefined when it is spelled in another way.
   */
  static of(bytes: Buffer, start: number, end: number, id: string, run: string, tail: number): Form | undefined {
    const prefix = Buffer.from(`{"id":"${id}","run":"${run}","n":`);
    if (end - tail > MAX_SUFFIX) return undefined;
    if (bytes.compare(prefix, 0, prefix.length, start, Math.min(end, start + prefix.length)) !== 0) return undefined;
    return new Form(prefix, Buffer.from(bytes.subarray(tail, end + 1)));
  }

  /** Whether the line at `start` begins as all of this form do. */
  begins({ bytes, view }: Lines, start: number): boolean {
    const words = this.#words;
    const prefix = this.#prefix;
    if (bytes.length - start < prefix.length) return false;
    for (let i = 0; i < words.length; i++) if (view.getInt32(start + 4 * i, true) !== words[i]) return false;
    for (let i = 4 * words.length; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
    return true;
  }

  /** Where the line behind it begins, if the line at `start` (which `begins` so) is a record of this form; else -1, which tells nothing. */
  end(lines: Lines, start: number): number {
    const { bytes } = lines;
    let at = numberEnd(bytes, start + this.#prefix.length);
    if (at < 0 || !stands(TS, bytes, at)) return -1;
    at = numberEnd(bytes, at + TS.length);
    if (at < 0 || !stands(MSG, bytes, at)) return -1;
    at = textEnd(lines, at + MSG.length);
    return at >= 0 && stands(this.#suffix, bytes, at + 1) ? at + 1 + this.#suffix.length : -1;
  }
}

function stands(what: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false;
  return true;
}

/** Behind the digits at `at`; -1 when it is no whole number above 0 of at most 15 digits. */
function numberEnd(bytes: Buffer, at: number): number {
  const first = at;
  if (bytes[at] === 0x30) return -1;
  for (let c = bytes[at] as number; c >= 0x30 && c <= 0x39; c = bytes[++at] as number);
  return at > first && at - first <= MAX_DIGITS ? at : -1;
}

/** Where the JSON string whose inside begins at `at` has its closing quote; -1 when it has none in this line. The lines end in LF. */
function textEnd({ bytes, view }: Lines, at: number): number {
  for (const lastWord = bytes.length - 4; ;) {
    // Four bytes at once, as long as none of them is a quote, a backslash or a control character: of those the highest bit is found set
    // by borrowing (q < 0x21 after the quote has changed places with the blank, b < 1), never of a byte below the first such.
    while (at <= lastWord) {
      const word = view.getInt32(at, true);
      const q = word ^ 0x02020202;
      const b = word ^ 0x5c5c5c5c;
      const found = (((q - 0x21212121) & ~q) | ((b - 0x01010101) & ~b)) & 0x80808080;
      if (found !== 0) {
        at += (31 - Math.clz32(found & -found)) >> 3;
        break;
      }
      at += 4;
    }
    const c = bytes[at] as number;
    if (c === QUOTE) return at;
    if (c === BACKSLASH) {
      const escaped = bytes[at + 1] as number;
      if (ESCAPED[escaped] === 1) at += 2;
      else if (escaped === 0x75 && isHex4(bytes, at + 2)) at += 6;
      else return -1;
    } else if (c < 0x20) return -1;
    else at++;
  }
}

function isHex4(bytes: Buffer, at: number): boolean {
  for (let i = at; i < at + 4; i++) {
    const c = bytes[i] as number;
    if (!((c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66))) return false;
  }
  return true;
}

/** Where the line behind the one at `start` begins. */
export function nextLine(bytes: Buffer, start: number): number {
  return bytes.indexOf(LF, start) + 1;
}
