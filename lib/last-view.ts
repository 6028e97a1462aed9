/** A view of bytes that reads words at any address: many lines of one block are looked at one after another, so the last one is kept. */
export class LastView {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  /** The view of all of these bytes, and of none else. */
  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#bytes = bytes;
    }
    return this.#view;
  }
}
