/** What the process itself has to deliver by way of a spool: every frame goes to the disk, those next to be sent stay in memory as well. */
import type { Amount, Held } from './backlog.ts';
import { why } from './cli.ts';
import { isFull } from './disk-full.ts';
import { FrameBuilder } from './frame-builder.ts';
import { FrameQueue } from './frame-queue.ts';
import { LeftWindow } from './left-window.ts';
import type { SpoolLog } from './spool-log.ts';
import type { SpoolWriter } from './spool-writer.ts';

const LINGER_MS = 5; // lines that come one by one are written together
const RETRY_MS = 1000;

export type SpoolRules = {
  /** Bytes of files at most. */
  max: number;
  /** Bytes of a file, after which a new one is begun. */
  segment?: number;
  /** Bytes of frames in memory at most. */
  memory: number;
  /** Give up old lines when there is no room, instead of letting new ones wait. */
  dropping: boolean;
};

/** What a window asks of its spool. */
export type SpoolHost = {
  /** Bytes of files, of all epochs. */
  readonly bytes: number;
  readonly dropped: Amount;
  /** Give up the oldest lines on disk; false when there are none that may go. */
  dropOldest(): boolean;
  /** Frames were made, or there is room again. */
  changed(): void;
  say(text: string): void;
};

export class SpoolWindow extends LeftWindow {
  readonly #rules: SpoolRules;
  readonly #host: SpoolHost;
  readonly #writer: SpoolWriter;
  readonly #builder = new FrameBuilder((frame) => this.#take(frame));
  readonly #pending = new FrameQueue(); // not on disk
  #linger: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Why nothing can be written for the moment, or ever again. */
  #trouble: 'full' | 'broken' | undefined;

  constructor(log: SpoolLog, writer: SpoolWriter, rules: SpoolRules, host: SpoolHost) {
    super(log, rules.memory, 0);
    this.#writer = writer;
    this.#rules = rules;
    this.#host = host;
  }

  override get tail(): number {
    return this.#builder.tail;
  }

  override get sealed(): number {
    return this.#builder.tail - this.#builder.waiting;
  }

  override get flight(): number {
    return this.#rules.dropping ? this.limit / 2 : Infinity; // the other half is for new lines, and can be given up
  }

  override get open(): boolean {
    return this.#builder.waiting > 0;
  }

  override get full(): boolean {
    if (this.#rules.dropping) return false;
    if (this.#trouble === 'broken') return this.#pending.cost + this.#builder.waiting >= this.limit;
    return this.#pending.cost > 0 || this.#host.bytes >= this.#rules.max;
  }

  override get lowest(): number {
    return Math.min(super.lowest, this.#pending.base);
  }

  get taken(): Amount {
    return this.#builder.taken;
  }

  /** Lines that are neither acknowledged nor on disk. */
  get exposed(): Amount {
    const { lines, bytes } = this.#pending.beyond(this.acked);
    return { lines: lines + this.#builder.waitingLines, bytes: bytes + this.#builder.waiting };
  }

  override append(block?: Buffer): void {
    if (block) this.#builder.append(block);
    if (!this.open) return;
    this.#linger ??= setTimeout(() => {
      this.seal();
      this.#host.changed();
    }, LINGER_MS).unref();
  }

  override seal(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#builder.seal();
  }

  #take(frame: Held): void {
    if (this.queue.end === frame.offset && this.queue.cost < this.limit) this.queue.push(frame);
    if (this.#pending.cost === 0) this.#pending.reset(frame.offset);
    this.#pending.push(frame);
    this.#flush();
    if (!this.#rules.dropping || this.#pending.cost <= this.limit) return;
    const { lines, bytes } = this.#pending.giveUp(this.sent, this.limit * 0.9, 'given up by the sender: its disk was full');
    this.#host.dropped.lines += lines;
    this.#host.dropped.bytes += bytes;
    this.forget(Math.max(this.sent, this.#pending.base));
  }

  /** Write what is not on disk yet. */
  #flush(): void {
    if (this.#trouble === 'broken') return;
    for (let frame = this.#pending.at(this.#pending.base); frame; frame = this.#pending.at(this.#pending.base)) {
      if (!this.#write(frame)) return;
      this.#pending.release(frame.end);
    }
    if (this.#trouble === 'full') {
      this.#trouble = undefined;
      this.#host.say('the spool can be written again');
      this.#host.changed();
    }
  }

  #write(frame: Held): boolean {
    const { max, dropping } = this.#rules;
    for (;;) {
      try {
        while (dropping && this.#host.bytes + frame.bytes.length > max && this.#host.dropOldest());
        this.#writer.write(frame);
        return true;
      } catch (err) {
        if (!isFull(err)) this.broken(err);
        else if (dropping && this.#drop()) continue;
        else this.#wait(why(err));
        return false;
      }
    }
  }

  #drop(): boolean {
    try {
      return this.#host.dropOldest();
    } catch {
      return false; // what was given up is given up, but it could not be noted, so there is no room yet
    }
  }

  /** No room on the disk: try again later. */
  #wait(reason: string): void {
    if (this.#trouble === undefined) {
      const what = this.#rules.dropping ? 'the oldest lines are given up' : 'reading waits, and what is in memory is sent';
      this.#host.say(`cannot write the spool: ${reason}; ${what}; trying again`);
    }
    this.#trouble = 'full';
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#flush();
    }, RETRY_MS).unref();
  }

  /** The disk has failed: what it has is not to be relied on, so nothing more is written to it. */
  broken(err: unknown): void {
    if (this.#trouble === 'broken') return;
    this.#trouble = 'broken';
    this.#host.say(`cannot write the spool: ${why(err)}; going on without it: from now on lines are kept in memory only`);
  }

  /** Whether the disk has failed. */
  get unsafe(): boolean {
    return this.#trouble === 'broken';
  }

  protected override read(): void {
    if (this.queue.end < this.log.end) super.read();
    for (let next = this.#pendingAt(this.queue.end); next && this.queue.cost < this.limit; next = this.#pendingAt(next.end)) {
      this.queue.push(next);
    }
  }

  #pendingAt(offset: number): Held | undefined {
    return this.#pending.base <= offset ? this.#pending.at(offset) : undefined;
  }

  override release(offset: number): void {
    super.release(offset);
    this.#pending.release(offset);
    if (this.#pending.cost > 0) this.#flush();
  }

  /** One last time: everything that can be is in the files. */
  finish(): void {
    this.seal();
    this.#flush();
    clearTimeout(this.#retry);
  }
}
