/** What a sender has not been acknowledged yet, kept in memory. */
import type { Amount, Backlog, Held } from './backlog.ts';
import { FrameBuilder } from './frame-builder.ts';
import { FrameQueue } from './frame-queue.ts';

/** What to do when the bound is reached: let the writer of the lines wait, or give up the oldest lines. */
export type OnFull = 'block' | 'drop-oldest';

/** A queue of frames within a bound of memory. */
export class Window implements Backlog {
  /** Bytes of memory held above which lines have to wait, or to go. */
  readonly limit: number;
  readonly flight: number;
  acked = 0;
  sent = 0;
  /** Given up for want of room. */
  readonly dropped: Amount = { lines: 0, bytes: 0 };
  readonly #dropping: boolean;
  readonly #builder = new FrameBuilder((frame) => this.#take(frame));
  readonly #queue = new FrameQueue();

  constructor(limit: number, onFull: OnFull = 'block') {
    this.limit = limit;
    this.#dropping = onFull === 'drop-oldest';
    this.flight = this.#dropping ? limit / 2 : Infinity; // the other half is for new lines, and can be given up
  }

  get tail(): number {
    return this.#builder.tail;
  }

  get sealed(): number {
    return this.#queue.end;
  }

  get base(): number {
    return this.#queue.base;
  }

  get lowest(): number {
    return this.#queue.base;
  }

  get full(): boolean {
    return !this.#dropping && this.#queue.cost + this.#builder.waiting >= this.limit;
  }

  get open(): boolean {
    return this.#builder.waiting > 0;
  }

  get taken(): Amount {
    return this.#builder.taken;
  }

  append(block: Buffer): void {
    this.#builder.append(block);
  }

  seal(): void {
    this.#builder.seal();
  }

  #take(frame: Held): void {
    this.#queue.push(frame);
    if (!this.#dropping || this.#queue.cost <= this.limit) return;
    const { lines, bytes } = this.#queue.giveUp(this.sent, this.limit * 0.9, 'given up by the sender: its window was full');
    this.dropped.lines += lines;
    this.dropped.bytes += bytes;
  }

  at(offset: number): Held | undefined {
    return this.#queue.at(offset);
  }

  release(offset: number): void {
    this.acked = Math.max(this.acked, offset);
    this.#queue.release(offset);
  }

  crc(offset: number, length: number): number | undefined {
    return this.#queue.crc(offset, length);
  }

  /** What has not been acknowledged, nor given up. */
  unacked(): Amount {
    const { lines, bytes } = this.#queue.beyond(this.acked);
    return { lines: lines + this.#builder.waitingLines, bytes: bytes + this.#builder.waiting };
  }
}
