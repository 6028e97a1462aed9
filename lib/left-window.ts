/** What an earlier process has left in a spool, to be delivered: a bounded part of it in memory, the rest read when its turn comes. */
import type { Backlog, Held } from './backlog.ts';
import { crc32 } from './crc.ts';
import { FrameQueue } from './frame-queue.ts';
import type { SpoolLog } from './spool-log.ts';
import { HEADER } from './wire.ts';

/** It is read and delivered, and nothing is added to it. */
export class LeftWindow implements Backlog {
  readonly log: SpoolLog;
  acked: number;
  sent: number;
  protected readonly limit: number;
  protected readonly queue: FrameQueue;

  /** `acked` is where the earlier process may have come to. */
  constructor(log: SpoolLog, limit: number, acked: number) {
    this.log = log;
    this.limit = limit;
    this.acked = Math.max(log.base, acked);
    this.sent = 0;
    this.queue = new FrameQueue(this.acked);
  }

  get tail(): number {
    return this.log.end;
  }

  get sealed(): number {
    return this.tail;
  }

  get flight(): number {
    return Infinity;
  }

  get open(): boolean {
    return false;
  }

  get full(): boolean {
    return false;
  }

  get base(): number {
    if (this.acked >= this.sealed) return this.acked;
    const first = this.queue.base <= this.acked ? this.queue.at(this.acked) : undefined;
    return (first ?? this.log.look(this.acked).find(({ end }) => end > this.acked))?.offset ?? this.acked;
  }

  get lowest(): number {
    return Math.min(this.log.base, this.queue.base);
  }

  append(): void {
    throw new Error('this stream has ended');
  }

  seal(): void {}

  at(offset: number): Held | undefined {
    if (offset >= this.sealed) return undefined;
    if (offset < this.queue.base || offset > this.queue.end) this.queue.reset(offset);
    const held = this.queue.at(offset);
    if (held || this.queue.cost >= this.limit) return held;
    this.read();
    return this.queue.at(offset);
  }

  /** Read what follows in memory, as much of it as there is in one file. */
  protected read(): void {
    for (const frame of this.log.load(this.queue.end)) if (frame.end > this.queue.end) this.queue.push(frame);
  }

  release(offset: number): void {
    this.acked = Math.max(this.acked, offset);
    this.queue.release(offset);
    this.log.release(offset);
  }

  crc(offset: number, length: number): number | undefined {
    return this.queue.crc(offset, length) ?? this.#crcOfFiles(offset, offset + length);
  }

  #crcOfFiles(from: number, end: number): number | undefined {
    if (from < this.log.base || end > this.log.end) return undefined;
    let [at, crc] = [from, 0];
    while (at < end) {
      const before = at;
      for (const frame of this.log.look(at)) {
        if (frame.end <= at) continue;
        if (frame.loss || frame.offset > at) return undefined;
        const upTo = Math.min(end, frame.end);
        crc = crc32(frame.bytes.subarray(HEADER + at - frame.offset, HEADER + upTo - frame.offset), crc);
        at = upTo;
        if (at === end) break;
      }
      if (at === before) return undefined;
    }
    return crc;
  }

  /** What lies between these offsets was given up: it is not in memory any more. */
  forget(from: number): void {
    if (this.queue.end > from) this.queue.cut(Math.max(from, this.queue.base));
  }
}
