/** Frames in memory, one after the other without gap, found by offset. */
import type { Amount, Held } from './backlog.ts';
import { crc32 } from './crc.ts';
import { FRAME_FILL, KEEP_WHOLE } from './frame-builder.ts';
import { countLines } from './lines.ts';
import { lossFrame } from './messages.ts';
import { HEADER } from './wire.ts';

const OVERHEAD = 256; // what a frame costs beside its bytes

export class FrameQueue {
  /** End of the last frame: where the next one has to begin. */
  end: number;
  /** Bytes of memory held. */
  cost = 0;
  #frames: (Held | undefined)[] = []; // those given up are undefined until the list is trimmed
  #head = 0; // index of the first frame still held
  #hint = 0; // index at which the last search ended

  constructor(start = 0) {
    this.end = start;
  }

  /** Offset of the first frame, or the end where there is none. */
  get base(): number {
    return this.#frames[this.#head]?.offset ?? this.end;
  }

  push(frame: Held): void {
    this.#frames.push(frame);
    this.end = frame.end;
    this.cost += cost(frame);
  }

  /** The first frame that reaches beyond `offset`. Going from frame to frame costs nothing, going elsewhere a search. */
  at(offset: number): Held | undefined {
    for (let i = this.#hint; i <= this.#hint + 1; i++) {
      const frame = i >= this.#head ? this.#frames[i] : undefined;
      if (frame && frame.offset <= offset && offset < frame.end) {
        this.#hint = i;
        return frame;
      }
    }
    this.#hint = this.#indexAt(offset);
    return this.#frames[this.#hint];
  }

  #indexAt(offset: number): number {
    let low = this.#head;
    for (let high = this.#frames.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#frames[middle] as Held).end > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Let go of the frames that end at or below `offset`. */
  release(offset: number): void {
    for (let first = this.#frames[this.#head]; first && first.end <= offset; first = this.#frames[this.#head]) {
      this.cost -= cost(first);
      this.#frames[this.#head++] = undefined;
    }
    if (this.#head < 64 || this.#head * 2 < this.#frames.length) return;
    this.#frames.splice(0, this.#head);
    this.#hint = Math.max(0, this.#hint - this.#head);
    this.#head = 0;
  }

  /** Let go of the frames that begin at or after `offset`, at which one begins, so that it ends there. */
  cut(offset: number): void {
    if (offset >= this.end) return;
    for (const frame of this.#frames.splice(this.#indexAt(offset))) this.cost -= frame ? cost(frame) : 0;
    this.end = Math.max(offset, this.#frames.at(-1)?.end ?? offset);
  }

  /** Let go of all, to go on at `offset`. */
  reset(offset: number): void {
    this.#frames = [];
    this.#head = 0;
    this.cost = 0;
    this.end = offset;
  }

  /**
   * Give up frames that begin at or after `from`, the oldest first, until no more than `goal` bytes of memory are held: one LOSS stands in
   * their place. Returns what was lost by that.
   */
  giveUp(from: number, goal: number, reason: string): Amount {
    const lost = { lines: 0, bytes: 0 };
    let first = this.#indexAt(from);
    if ((this.#frames[first]?.offset ?? from) < from) first++; // it reaches into what is not to be given up
    const begin = this.#frames[first]?.offset ?? 0;
    let next = first;
    let [end, lines] = [begin, 0];
    for (let frame = this.#frames[next]; frame && this.cost > goal; frame = this.#frames[++next]) {
      this.cost -= cost(frame);
      if (!frame.loss) {
        lost.lines += frame.lines;
        lost.bytes += frame.end - frame.offset;
      }
      lines += frame.lines;
      end = frame.end;
    }
    if (next === first) return lost;
    const loss = { bytes: lossFrame({ from: begin, to: end, lines, reason }), offset: begin, end, lines, loss: true };
    this.#frames.splice(first, next - first, loss);
    this.cost += cost(loss);
    return lost;
  }

  /** CRC-32 of the bytes from `offset` on, or undefined where they are not all held. */
  crc(offset: number, length: number): number | undefined {
    const end = offset + length;
    let crc = 0;
    for (let at = offset; at < end; ) {
      const frame = this.at(at);
      if (!frame || frame.loss || frame.offset > at) return undefined;
      const upTo = Math.min(end, frame.end);
      crc = crc32(frame.bytes.subarray(HEADER + at - frame.offset, HEADER + upTo - frame.offset), crc);
      at = upTo;
    }
    return crc;
  }

  /** Lines and bytes held beyond `offset`. */
  beyond(offset: number): Amount {
    const amount = { lines: 0, bytes: 0 };
    for (let i = this.#head; i < this.#frames.length; i++) {
      const { bytes, offset: begin, end, lines, loss } = this.#frames[i] as Held;
      if (loss || end <= offset) continue;
      amount.lines += begin >= offset ? lines : countLines(bytes.subarray(HEADER + offset - begin));
      amount.bytes += end - Math.max(begin, offset);
    }
    return amount;
  }
}

function cost({ bytes }: Held): number {
  return OVERHEAD + (bytes.length >= KEEP_WHOLE ? Math.max(bytes.length, HEADER + FRAME_FILL) : bytes.length);
}
