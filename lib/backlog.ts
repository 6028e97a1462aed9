/** What a sender has to deliver: whole lines in frames, addressed by their byte offset, from the lowest not acknowledged to the tail. */

/** A frame as built: `bytes` are written as they are, again after a reconnect. With `loss` it is a LOSS: so many lines will not come. */
export type Held = { bytes: Buffer; offset: number; end: number; lines: number; loss: boolean };

/** Lines and their bytes. */
export type Amount = { lines: number; bytes: number };

/** Kept in memory (Window) or on disk (SpoolWindow); a session of the protocol does not care which. */
export interface Backlog {
  /** End of the stream so far. */
  readonly tail: number;
  /** End of the last frame built. */
  readonly sealed: number;
  /** Everything below is acknowledged. */
  readonly acked: number;
  /** Where a receiver that knows nothing of the stream begins: a frame begins there, and what is below has been acknowledged. */
  readonly base: number;
  /** The lowest offset that can still be sent. */
  readonly lowest: number;
  /** Bytes that may be under way at a time, beside what the receiver allows. */
  readonly flight: number;
  /** Lines wait for `seal` to be made a frame. */
  readonly open: boolean;
  /** Stop reading until something is acknowledged. */
  readonly full: boolean;
  /** Everything below may have reached a receiver; it is never given up to make room. */
  sent: number;
  /** Add a block of whole lines (each at most MAX_PAYLOAD long); it is copied. */
  append(block: Buffer): void;
  /** Make a frame of the lines that wait. */
  seal(): void;
  /** The first frame that reaches beyond `offset`; undefined when there is none, or no room in memory for it now. */
  at(offset: number): Held | undefined;
  /** Everything below `offset` is acknowledged. */
  release(offset: number): void;
  /** CRC-32 of the bytes from `offset` on, or undefined where they are not all held in frames. */
  crc(offset: number, length: number): number | undefined;
}
