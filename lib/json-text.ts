/** The text of a JSON string, from its escaped bytes to plain UTF-8 bytes without a JavaScript string between: most lines of web servers hold \". */
import { viewOf } from './json-scan.ts';
import { LastView } from './last-view.ts';

const BACKSLASH = 0x5c;
const LOW_U = 0x75;
const REPLACEMENT = 0xfffd;

const SIMPLE = new Uint8Array(256).map((_, byte) => byte);
SIMPLE[0x62] = 8;
SIMPLE[0x74] = 9;
SIMPLE[0x6e] = 10;
SIMPLE[0x66] = 12;
SIMPLE[0x72] = 13;

const written = new LastView();

/**
 * Write the text of the JSON string whose inside is bytes[start, end) to `out` at `at`, and return where it ends. It never takes more
 * bytes than its escaped form. The inside must be well formed, as RecordReader has made sure; half a surrogate pair becomes U+FFFD.
 */
export function unescapeTo(out: Uint8Array<ArrayBuffer>, at: number, bytes: Uint8Array, start: number, end: number): number {
  const [from, to] = [viewOf(bytes), written.of(out)];
  for (let i = start; i < end; i++) {
    // Four bytes at once, as far as none of them is a backslash (see json-scan.ts).
    for (let found = 0; found === 0 && i + 4 <= end; ) {
      const word = from.getInt32(i, true);
      to.setInt32(at, word, true);
      const b = word ^ 0x5c5c5c5c;
      found = (b - 0x01010101) & ~b & 0x80808080;
      const plain = found === 0 ? 4 : (31 - Math.clz32(found & -found)) >> 3;
      i += plain;
      at += plain;
    }
    while (i < end && bytes[i] !== BACKSLASH) out[at++] = bytes[i++] as number;
    if (i === end) return at;
    if (bytes[++i] !== LOW_U) {
      out[at++] = SIMPLE[bytes[i] as number] as number;
    } else {
      let code = hex4(bytes, i + 1);
      i += 4;
      if (code >= 0xd800 && code <= 0xdfff) {
        const low = code < 0xdc00 && i + 6 < end && bytes[i + 1] === BACKSLASH && bytes[i + 2] === LOW_U ? hex4(bytes, i + 3) : 0;
        const paired = low >= 0xdc00 && low <= 0xdfff;
        code = paired ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : REPLACEMENT;
        if (paired) i += 6;
      }
      at = putCharacter(out, at, code);
    }
  }
  return at;
}

function hex4(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const c = bytes[i] as number;
    value = value * 16 + (c <= 57 ? c - 48 : (c | 32) - 87);
  }
  return value;
}

function putCharacter(out: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    out[at++] = code;
    return at;
  }
  if (code < 0x800) {
    out[at++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      out[at++] = 0xe0 | (code >> 12);
    } else {
      out[at++] = 0xf0 | (code >> 18);
      out[at++] = 0x80 | ((code >> 12) & 0x3f);
    }
    out[at++] = 0x80 | ((code >> 6) & 0x3f);
  }
  out[at++] = 0x80 | (code & 0x3f);
  return at;
}
