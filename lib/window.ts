/** What a sender has not been acknowledged yet: whole lines, addressed by their byte offset, kept as the frames that were sent. */
import { crc32 } from './crc.ts';
import { countLines } from './lines.ts';
import { HEADER, MAX_PAYLOAD, putHeader, TYPE } from './wire.ts';

/** Bytes of lines that a frame is filled with; a longer line has a frame of its own. */
export const FRAME_FILL = 65_536;

const KEEP_WHOLE = FRAME_FILL / 2; // a frame at least this long keeps the buffer it was built in
const OVERHEAD = 256; // what a frame costs beside its bytes
const LF = 10;

/** A frame as built: `bytes` are written as they are, again after a reconnect. */
export type Held = { bytes: Buffer; offset: number; end: number; lines: number };

/** Lines and their bytes. */
export type Amount = { lines: number; bytes: number };

/** A queue of frames from the lowest unacknowledged offset to the tail. Frames are numbered 0, 1, 2... in the order they were built. */
export class Window {
  /** Bytes of memory held above which `full` is true. */
  readonly limit: number;
  /** End of the stream so far. */
  tail = 0;
  /** Everything below is acknowledged. */
  acked = 0;
  readonly taken: Amount = { lines: 0, bytes: 0 };
  #frames: (Held | undefined)[] = []; // those given up are undefined until the list is trimmed
  #head = 0; // index of the first frame still held
  #dropped = 0; // frames no longer in the list
  #held = 0;
  #open: Buffer = Buffer.alloc(0);
  #openLength = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The lowest offset held. */
  get base(): number {
    return this.#frames[this.#head]?.offset ?? this.tail - this.#openLength;
  }

  /** Whether to stop reading until something is acknowledged. */
  get full(): boolean {
    return this.#held + this.#openLength >= this.limit;
  }

  /** Whether lines wait for `seal` to be made a frame. */
  get open(): boolean {
    return this.#openLength > 0;
  }

  /** One more than the number of the last frame. */
  get next(): number {
    return this.#dropped + this.#frames.length;
  }

  /** Add a block of whole lines (each at most MAX_PAYLOAD long); it is copied. */
  append(block: Buffer): void {
    if (block.length === 0) return;
    this.taken.bytes += block.length;
    for (let at = 0; at < block.length; ) {
      const room = FRAME_FILL - this.#openLength;
      let end = block.length;
      if (end - at > room) {
        end = room > 0 ? block.lastIndexOf(LF, at + room - 1) + 1 : 0;
        if (end <= at) {
          if (this.#openLength > 0) {
            this.seal();
            continue;
          }
          end = block.indexOf(LF, at) + 1; // longer than a frame is filled with
          if (end === 0 || end - at > MAX_PAYLOAD) throw new RangeError('not whole lines');
        }
      }
      this.#put(block.subarray(at, end));
      at = end;
    }
  }

  #put(lines: Buffer): void {
    const need = HEADER + this.#openLength + lines.length;
    if (this.#open.length < need) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, HEADER + FRAME_FILL));
      this.#open.copy(grown, 0, 0, HEADER + this.#openLength);
      this.#open = grown;
    }
    lines.copy(this.#open, HEADER + this.#openLength);
    this.#openLength += lines.length;
    this.tail += lines.length;
    if (this.#openLength >= FRAME_FILL) this.seal();
  }

  /** Make a frame of the lines that wait. */
  seal(): void {
    if (this.#openLength === 0) return;
    const whole = this.#open.subarray(0, HEADER + this.#openLength);
    let bytes = whole;
    if (this.#openLength >= KEEP_WHOLE) this.#open = Buffer.alloc(0);
    else bytes = Buffer.from(whole);
    const lines = countLines(bytes.subarray(HEADER));
    const offset = this.tail - this.#openLength;
    putHeader(bytes, TYPE.data, offset, lines);
    this.taken.lines += lines;
    this.#frames.push({ bytes, offset, end: this.tail, lines });
    this.#held += cost(bytes);
    this.#openLength = 0;
  }

  /** Frame `n`, if it is built and still held. */
  frame(n: number): Held | undefined {
    const i = n - this.#dropped;
    return i >= this.#head ? this.#frames[i] : undefined;
  }

  /** Number of the first frame held that reaches beyond `offset`. */
  seek(offset: number): number {
    let low = this.#head;
    for (let high = this.#frames.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#frames[middle] as Held).end > offset) high = middle;
      else low = middle + 1;
    }
    return this.#dropped + low;
  }

  /** Everything below `offset` is acknowledged: its frames are given up. */
  release(offset: number): void {
    if (offset > this.acked) this.acked = offset;
    for (let first = this.#frames[this.#head]; first && first.end <= offset; first = this.#frames[this.#head]) {
      this.#held -= cost(first.bytes);
      this.#frames[this.#head++] = undefined;
    }
    if (this.#head < 64 || this.#head * 2 < this.#frames.length) return;
    this.#frames.splice(0, this.#head);
    this.#dropped += this.#head;
    this.#head = 0;
  }

  /** CRC-32 of the bytes from `offset` on, or undefined where they are not all held in frames. */
  crc(offset: number, length: number): number | undefined {
    const end = offset + length;
    let crc = 0;
    let at = offset;
    for (let n = this.seek(offset); at < end; n++) {
      const frame = this.frame(n);
      if (!frame || frame.offset > at) return undefined;
      const upTo = Math.min(end, frame.end);
      crc = crc32(frame.bytes.subarray(HEADER + at - frame.offset, HEADER + upTo - frame.offset), crc);
      at = upTo;
    }
    return crc;
  }

  /** What has not been acknowledged. */
  unacked(): Amount {
    let lines = countLines(this.#open.subarray(HEADER, HEADER + this.#openLength));
    for (let i = this.#head; i < this.#frames.length; i++) {
      const frame = this.#frames[i] as Held;
      lines += frame.offset >= this.acked ? frame.lines : countLines(frame.bytes.subarray(HEADER + this.acked - frame.offset));
    }
    return { lines, bytes: this.tail - this.acked };
  }
}

function cost(bytes: Buffer): number {
  return OVERHEAD + (bytes.length >= KEEP_WHOLE ? Math.max(bytes.length, HEADER + FRAME_FILL) : bytes.length);
}
