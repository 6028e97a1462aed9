/** Bytes that stand alike in line after line, compared four at a time. */

/** A sequence of bytes to be looked for at a place. */
export class Literal {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;

  /** The bytes are copied; of a text they are UTF-8. */
  constructor(of: Uint8Array | string) {
    const bytes = typeof of === 'string' ? new TextEncoder().encode(of) : of;
    this.length = bytes.length;
    this.#bytes = Uint8Array.prototype.slice.call(bytes); // Buffer's own slice() would be a view of what the next chunk is read into
    const view = new DataView(this.#bytes.buffer);
    this.#words = Int32Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getInt32(4 * i, true));
  }

  /** Whether the bytes at `at`, before `end`, are these. `view` is viewOf(bytes). */
  stands(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
    const length = this.length;
    if (end - at < length) return false;
    const words = this.#words;
    for (let i = 0; i < words.length; i++) if (view.getInt32(at + 4 * i, true) !== words[i]) return false;
    for (let i = length & ~3; i < length; i++) if (bytes[at + i] !== this.#bytes[i]) return false;
    return true;
  }
}
