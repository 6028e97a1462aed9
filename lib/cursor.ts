/** A place in the bytes of a line, and the small steps by which a time stamp is read from there. */
import { isDigit, isLetter } from './ascii.ts';

const LF = 10;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(packed);
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map(packed);

/** Three letters, in lower case, as one number. */
function packed(name: string): number {
  return (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
}

/** Each step moves on when it finds what it looks for, and otherwise stays. The line ends at its newline or at the end of the bytes. */
export class Cursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;

  /** The byte `ahead` of the cursor; -1 behind the end of the line (but newlines on the way are not looked for). */
  peek(ahead = 0): number {
    const i = this.at + ahead;
    if (i >= this.bytes.length) return -1;
    const byte = this.bytes[i] as number;
    return byte === LF ? -1 : byte;
  }

  /** Step over this byte. */
  skip(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** Step over this text. */
  skipText(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.peek(i) !== text.charCodeAt(i)) return false;
    this.at += text.length;
    return true;
  }

  /** Step over colours of a terminal, as `ESC [ 32 m`. */
  skipColours(): void {
    while (this.peek() === 0x1b && this.peek(1) === 0x5b) {
      let length = 2;
      while (isDigit(this.peek(length)) || this.peek(length) === 0x3b) length++;
      if (this.peek(length) !== 0x6d) return;
      this.at += length + 1;
    }
  }

  /** A number of exactly `width` digits (more may follow); -1 when it is not there. */
  number(width: number): number {
    const end = this.at + width;
    if (end > this.bytes.length) return -1;
    let value = 0;
    for (let i = this.at; i < end; i++) {
      const digit = (this.bytes[i] as number) - 48;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    this.at = end;
    return value;
  }

  /** How many digits follow, up to `most`. */
  digits(most: number): number {
    let count = 0;
    while (count < most && isDigit(this.peek(count))) count++;
    return count;
  }

  /** Milliseconds of a fraction after one of `marks`; 0 when there is none, -1 when it has more than 12 digits. */
  fraction(marks: '.' | '.,'): number {
    const mark = this.peek();
    if ((mark !== 0x2e && (mark !== 0x2c || marks === '.')) || !isDigit(this.peek(1))) return 0;
    this.at++;
    const count = this.digits(13);
    if (count > 12) return -1;
    let ms = 0;
    for (let i = 0; i < 3; i++) ms = ms * 10 + (i < count ? this.peek(i) - 48 : 0);
    this.at += count;
    return ms;
  }

  /** A month's English name of three letters, as 1 to 12; -1 when it is none. */
  month(): number {
    return this.#name(MONTHS) + 1 || -1;
  }

  /** A weekday's English name of three letters. */
  weekday(): boolean {
    return this.#name(WEEKDAYS) >= 0;
  }

  #name(names: number[]): number {
    const lower = ((this.peek(0) | 32) << 16) | ((this.peek(1) | 32) << 8) | (this.peek(2) | 32);
    const index = names.indexOf(lower);
    if (index >= 0) this.at += 3;
    return index;
  }

  /** Whether no letter or digit follows: what was read is a word of its own. */
  atBoundary(): boolean {
    const byte = this.peek();
    return !isDigit(byte) && !isLetter(byte);
  }
}
