/** Where a JSON string ends, found four bytes at a time. */
import { LastView } from './last-view.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOW_U = 0x75;
const ESCAPED = new Uint8Array(256);
for (const c of '"\\/bfnrt') ESCAPED[c.charCodeAt(0)] = 1;

const read = new LastView();

/** A view of the bytes that are being read. */
export const viewOf = (bytes: Uint8Array): DataView => read.of(bytes);

/**
 * Where the string whose inside begins at `at` has its closing quote, before `end`; -1 when it is no JSON string (RFC 8259, 7). `view` is
 * viewOf(bytes). That the bytes are UTF-8 is not looked at.
 */
export function stringEnd(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  const lastWord = end - 4;
  for (;;) {
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
    if (at >= end) return -1;
    const c = bytes[at] as number;
    if (c === QUOTE) return at;
    if (c === BACKSLASH) {
      const escaped = at + 1 < end ? (bytes[at + 1] as number) : 0;
      if (ESCAPED[escaped] === 1) at += 2;
      else if (escaped === LOW_U && at + 6 <= end && isHex4(bytes, at + 2)) at += 6;
      else return -1;
    } else if (c < 0x20) return -1;
    else at++;
  }
}

function isHex4(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + 4; i++) {
    const c = bytes[i] as number;
    if (!((c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66))) return false;
  }
  return true;
}
