/** Puts blocks of whole lines together to DATA frames, each built once: as it is sent, so it is kept. */
import type { Amount, Held } from './backlog.ts';
import { countLines } from './lines.ts';
import { HEADER, MAX_PAYLOAD, putHeader, TYPE } from './wire.ts';

/** Bytes of lines that a frame is filled with; a longer line has a frame of its own. */
export const FRAME_FILL = 65_536;

/** A frame with a payload at least this long keeps the buffer it was built in. */
export const KEEP_WHOLE = FRAME_FILL / 2;

const LF = 10;

export class FrameBuilder {
  /** End of the stream so far, with what waits. */
  tail = 0;
  /** Bytes that wait for `seal`. */
  waiting = 0;
  /** All that was appended; lines are counted when their frame is made. */
  readonly taken: Amount = { lines: 0, bytes: 0 };
  readonly #take: (frame: Held) => void;
  #open: Buffer = Buffer.alloc(0);

  /** `take` gets every frame that is made. */
  constructor(take: (frame: Held) => void) {
    this.#take = take;
  }

  /** Lines that wait for `seal`. */
  get waitingLines(): number {
    return countLines(this.#open.subarray(HEADER, HEADER + this.waiting));
  }

  /** Add a block of whole lines (each at most MAX_PAYLOAD long); it is copied. */
  append(block: Buffer): void {
    if (block.length === 0) return;
    this.taken.bytes += block.length;
    for (let at = 0; at < block.length; ) {
      const room = FRAME_FILL - this.waiting;
      let end = block.length;
      if (end - at > room) {
        end = room > 0 ? block.lastIndexOf(LF, at + room - 1) + 1 : 0;
        if (end <= at) {
          if (this.waiting > 0) {
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
    const need = HEADER + this.waiting + lines.length;
    if (this.#open.length < need) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, HEADER + FRAME_FILL));
      this.#open.copy(grown, 0, 0, HEADER + this.waiting);
      this.#open = grown;
    }
    lines.copy(this.#open, HEADER + this.waiting);
    this.waiting += lines.length;
    this.tail += lines.length;
    if (this.waiting >= FRAME_FILL) this.seal();
  }

  /** Make a frame of the lines that wait. */
  seal(): void {
    if (this.waiting === 0) return;
    const whole = this.#open.subarray(0, HEADER + this.waiting);
    let bytes = whole;
    if (this.waiting >= KEEP_WHOLE) this.#open = Buffer.alloc(0);
    else bytes = Buffer.from(whole);
    const lines = countLines(bytes.subarray(HEADER));
    const offset = this.tail - this.waiting;
    putHeader(bytes, TYPE.data, offset, lines);
    this.taken.lines += lines;
    this.waiting = 0;
    this.#take({ bytes, offset, end: this.tail, lines, loss: false });
  }
}
