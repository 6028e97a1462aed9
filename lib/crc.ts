/** CRC-32 (ISO-HDLC, the one of zlib and PNG): finds torn and mixed-up bytes; no protection against an attacker. */
import * as zlib from 'node:zlib';

const POLYNOMIAL = 0xedb88320;
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? POLYNOMIAL ^ (n >>> 1) : n >>> 1;
  return n;
});

/** The same by table, about 20 times slower, where zlib has none (Node before 20.15). */
export function crc32ByTable(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = (TABLE[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** CRC-32 of the bytes; with `before`, of the bytes that gave `before` followed by these. */
export const crc32: (bytes: Uint8Array, before?: number) => number = typeof zlib.crc32 === 'function' ? zlib.crc32 : crc32ByTable;
