/** Where a sender keeps lines until they are acknowledged: in memory, or in a spool on disk. */
import type { Amount, Backlog } from './backlog.ts';
import type { Counters } from './progress.ts';
import { newStream, type Stream } from './sender.ts';
import { Window, type OnFull } from './window.ts';

/** What is left at the end: lines that are lost, and bytes that are safe on disk and not delivered. */
export type Rest = { lost: Amount; kept: number };

export interface Store {
  /** Takes the lines of this process. */
  readonly stream: Stream;
  readonly window: Backlog & { readonly taken: Amount };
  /** Given up for want of room, and found damaged. */
  readonly dropped: Amount;
  readonly damaged: Amount;
  /** Bytes that are not acknowledged. */
  readonly undelivered: number;
  /** Called when there is something new to send, or room again. */
  onChange: () => void;
  /** The stream to deliver first, and the one after the one that was delivered, if any. */
  first(): Stream;
  next(): Stream | undefined;
  /** Resolves when what was appended is as safe as it is to be before more is read. */
  settle(): Promise<void>;
  /** Nothing more will be appended. Resolves when what was is as safe as it can be. */
  secure(): Promise<void>;
  close(): Promise<Rest>;
  counters(): Counters;
}

/** Lines that die with the process. */
export class MemoryStore implements Store {
  readonly window: Window;
  readonly stream: Stream;
  readonly damaged: Amount = { lines: 0, bytes: 0 };
  onChange: () => void = () => {};

  constructor(limit: number, onFull: OnFull) {
    this.window = new Window(limit, onFull);
    this.stream = newStream(this.window);
  }

  get dropped(): Amount {
    return this.window.dropped;
  }

  get undelivered(): number {
    return this.window.tail - this.window.acked;
  }

  first(): Stream {
    return this.stream;
  }

  next(): undefined {}

  async settle(): Promise<void> {}

  async secure(): Promise<void> {}

  async close(): Promise<Rest> {
    return { lost: this.window.unacked(), kept: 0 };
  }

  counters(): Counters {
    return { 'unacked bytes': this.undelivered };
  }
}
