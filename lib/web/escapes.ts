/** The inside of a JSON string turned into UTF-8 bytes, without a JavaScript string between: most lines of web servers hold \". */

const BACKSLASH = 0x5c;
const SIMPLE = new Uint8Array(256);
for (const [c, to] of [['"', 34], ['\\', 92], ['/', 47], ['b', 8], ['f', 12], ['n', 10], ['r', 13], ['t', 9]] as const) {
  SIMPLE[c.charCodeAt(0)] = to;
}

const hex = (c: number): number => (c <= 57 ? c - 48 : (c | 32) - 87);

function unit(from: Uint8Array, at: number): number {
  let code = 0;
  for (let i = 0; i < 4; i++) code = code * 16 + hex(from[at + i] ?? 48);
  return code;
}

/**
 * Copy from[start, end), the inside of a JSON string that RecordReader has read, into `to` at `at` with its escapes resolved; a
 * surrogate without its other half becomes U+FFFD. Gives the end of what was written, at most `end - start` bytes.
 */
export function resolveEscapes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  for (let i = start; i < end; i++) {
    const c = from[i] as number;
    if (c !== BACKSLASH) {
      to[at++] = c;
      continue;
    }
    const kind = from[++i] as number;
    if (kind !== 0x75) {
      to[at++] = SIMPLE[kind] as number;
      continue;
    }
    let code = unit(from, i + 1);
    i += 4;
    if (code >= 0xd800 && code < 0xdc00 && from[i + 1] === BACKSLASH && from[i + 2] === 0x75) {
      const low = unit(from, i + 3);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
        i += 6;
      }
    }
    at = putCode(code >= 0xd800 && code < 0xe000 ? 0xfffd : code, to, at);
  }
  return at;
}

function putCode(code: number, to: Uint8Array, at: number): number {
  if (code < 0x80) {
    to[at++] = code;
    return at;
  }
  if (code < 0x800) {
    to[at++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      to[at++] = 0xe0 | (code >> 12);
    } else {
      to[at++] = 0xf0 | (code >> 18);
      to[at++] = 0x80 | ((code >> 12) & 63);
    }
    to[at++] = 0x80 | ((code >> 6) & 63);
  }
  to[at++] = 0x80 | (code & 63);
  return at;
}
