/** Lines of many senders on their way into one output: whole blocks, each sender in its order, all senders in turn. */
import type { Standing } from './standings.ts';

const SMALL = 8192; // blocks below this are put together while they wait: a sender of tiny frames must not cost a buffer for each
const TOGETHER = 32_768;
const OVERHEAD = 256; // what a block costs beside its bytes

/** Told when bytes given to a lane are out: `mark` is the last one that was given with them. */
export type Out = (mark: number) => void;

class Block {
  mark: number;
  standing: Standing | undefined;
  readonly own: boolean;
  #bytes: Buffer;
  #length: number;

  constructor(bytes: Buffer, mark: number, standing: Standing | undefined, own: boolean) {
    this.mark = mark;
    this.standing = standing;
    this.own = own;
    this.#length = bytes.length;
    this.#bytes = bytes;
    if (own) {
      this.#bytes = Buffer.allocUnsafeSlow(TOGETHER);
      bytes.copy(this.#bytes);
    }
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  get cost(): number {
    return OVERHEAD + this.#bytes.length;
  }

  /** Take these bytes in as well, if there is room. */
  join(bytes: Buffer): boolean {
    if (bytes.length > 0 && (!this.own || this.#length + bytes.length > TOGETHER)) return false;
    bytes.copy(this.#bytes, this.#length);
    this.#length += bytes.length;
    return true;
  }
}

/** One sender's lines that wait. */
export class Lane {
  /** Bytes of lines that wait or are being written. */
  queued = 0;
  readonly #rota: Rota;
  readonly #out: Out;
  readonly #blocks: Block[] = [];
  #pending = 0; // blocks that wait or are being written

  constructor(rota: Rota, out: Out) {
    this.#rota = rota;
    this.#out = out;
  }

  /**
   * Add whole lines, which must not change any more, and how their stream stands with them. No bytes are allowed: then `mark` is told in
   * its turn. What is added in one call is never parted.
   */
  put(bytes: Buffer, mark: number, standing?: Standing): void {
    const last = this.#blocks.at(-1);
    this.queued += bytes.length;
    if (last?.join(bytes)) {
      last.mark = mark;
      last.standing = standing;
      return;
    }
    const block = new Block(bytes, mark, standing, last !== undefined && bytes.length < SMALL);
    this.#pending++;
    this.#blocks.push(block);
    this.#rota.add(this, block.cost, last === undefined);
  }

  /** Nothing waits and nothing is being written. */
  get idle(): boolean {
    return this.#pending === 0;
  }

  /** The next block, unless it is longer than `room`. */
  take(room: number): { block: Block; more: boolean } | undefined {
    const block = this.#blocks[0];
    if (!block || block.length > room) return undefined;
    this.#blocks.shift();
    return { block, more: this.#blocks.length > 0 };
  }

  done(block: Block): void {
    this.queued -= block.length;
    this.#pending--;
    this.#out(block.mark);
  }
}

/** A block taken out of the rota, to be given back by `done` when it is written. */
export type Taken = { lane: Lane; block: Block };

/** The order in which lanes come: each in its turn, at most `quantum` bytes a turn. */
export class Rota {
  /** Memory held by everything that waits or is being written. */
  held = 0;
  readonly #waiting: Lane[] = [];
  readonly #wake: () => void;

  /** `wake` is called each time that more comes to wait. */
  constructor(wake: () => void) {
    this.#wake = wake;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** For Lane: `cost` more bytes wait; `first` when the lane was empty. */
  add(lane: Lane, cost: number, first: boolean): void {
    this.held += cost;
    if (first) this.#waiting.push(lane);
    this.#wake();
  }

  /** Blocks to write now, in order, of about `quantum` bytes at most but at least one; none when nothing waits. */
  take(quantum: number): Taken[] {
    const taken: Taken[] = [];
    let room = quantum;
    while (room > 0) {
      const lane = this.#waiting.shift();
      if (!lane) break;
      let got = lane.take(taken.length === 0 ? Infinity : room);
      if (!got) {
        this.#waiting.unshift(lane); // too long for what is left: the first one next time
        break;
      }
      let more = true;
      for (; got; got = more && room > 0 ? lane.take(room) : undefined) {
        taken.push({ lane, block: got.block });
        room -= Math.max(got.block.length, 1);
        more = got.more;
      }
      if (more) this.#waiting.push(lane);
    }
    return taken;
  }

  /** These are written. */
  done(taken: readonly Taken[]): void {
    for (const { lane, block } of taken) {
      this.held -= block.cost;
      lane.done(block);
    }
  }
}
