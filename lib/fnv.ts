/** A short number for bytes that come again and again: FNV-1a. */

/** The hash of bytes[start, end), 32 bits; others may have the same. (draft-eastlake-fnv) */
export function fnv1a(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash;
}
