/** Writes whole lines into a named pipe that others write into as well, and waits for its readers. */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { why } from './cli.ts';
import { countLines } from './lines.ts';
import { withLock } from './lock.ts';
import { PIPE_BUF, PipeWriter, PROBE_MS, waitForReader } from './pipe.ts';

const LF = 10;
const DRAIN_MS = 10;

/** What to do with lines while the pipe is full or nobody reads it. */
export type OnFull = 'block' | 'drop';

/**
 * Lines go out in pieces of at most PIPE_BUF bytes that end at line ends; such a piece is never torn by any other writer (pipe(7)). A line
 * longer than that takes several writes, so all FifoWriters of a pipe write under one lock.
 */
export class FifoWriter {
  /** Lines and bytes that `drop` has cost. */
  droppedLines = 0;
  droppedBytes = 0;
  readonly #path: string;
  readonly #onFull: OnFull;
  readonly #lock: string;
  readonly #stop = new AbortController();
  #pipe: PipeWriter | undefined;

  /** Throws Error naming the path when it is no named pipe. */
  constructor(path: string, onFull: OnFull) {
    let stat;
    try {
      stat = statSync(path);
    } catch (err) {
      throw new Error(`cannot open ${path}: ${why(err)}`, { cause: err });
    }
    if (!stat.isFIFO()) throw new Error(`cannot open ${path}: not a named pipe`);
    this.#path = path;
    this.#onFull = onFull;
    this.#lock = `lm-fifo:${stat.dev}:${stat.ino}`;
  }

  /**
   * Write a block of whole lines; resolves when the pipe has taken it all, or, with `drop`, what there was room for.
   * Rejects with an Error naming the path, or when `stop` ends the waiting.
   */
  async write(block: Buffer): Promise<void> {
    const pipe = await this.#open();
    if (!pipe) return this.#drop(block);
    await withLock(this.#lock, this.#stop.signal, async () => {
      for (let start = 0; start < block.length; ) {
        const piece = nextPiece(block, start);
        if (!(await this.#put(pipe, piece))) this.#drop(piece);
        start += piece.length;
      }
    });
  }

  /**
   * Resolves when a reader is there to take what the pipe still holds, which would vanish with the last descriptor (fifo(7)).
   * Rejects when `stop` ends the waiting.
   */
  async end(): Promise<void> {
    const mustWait = this.#pipe !== undefined && this.#onFull === 'block';
    if (mustWait && !(await waitForReader(this.#path, this.#stop.signal))) throw this.#stop.signal.reason;
    this.#pipe?.close();
  }

  /** Wait for nobody any longer. */
  stop(): void {
    this.#stop.abort(new Error(`cannot write ${this.#path}: stopped while nobody reads it`));
  }

  async #open(): Promise<PipeWriter | undefined> {
    while (!this.#pipe) {
      const fd = this.#tryOpen();
      if (fd !== undefined) this.#pipe = new PipeWriter(fd);
      else if (this.#onFull === 'drop') return undefined;
      else await sleep(PROBE_MS, undefined, { signal: this.#stop.signal }).catch(() => this.#stop.signal.throwIfAborted());
    }
    return this.#pipe;
  }

  /**
   * Open the pipe if somebody reads it. What is opened is kept: a reader that waits in open(2) for a writer is let go by the first one,
   * and would read an end of file if that one closed again (fifo(7)).
   */
  #tryOpen(): number | undefined {
    let fd;
    try {
      fd = openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (err) {
      if (why(err) === 'ENXIO') return undefined; // nobody reads
      throw new Error(`cannot open ${this.#path}: ${why(err)}`, { cause: err });
    }
    if (fstatSync(fd).isFIFO()) return fd;
    closeSync(fd);
    throw new Error(`cannot open ${this.#path}: not a named pipe`);
  }

  /** Write a piece of whole lines, or one long line. Returns false when it is to be dropped; then nothing of it was written. */
  async #put(pipe: PipeWriter, piece: Buffer): Promise<boolean> {
    let begun = false;
    for (let rest = piece; rest.length > 0; ) {
      try {
        const part = rest.subarray(0, PIPE_BUF);
        const taken = pipe.tryWrite(part);
        if (taken === 0) {
          if (this.#onFull === 'drop' && !begun) return false;
          if (this.#onFull === 'drop') {
            await sleep(DRAIN_MS); // a line that has begun is finished
            continue;
          }
          await pipe.writePiece(part);
        }
        rest = rest.subarray(taken || part.length);
        begun = true;
      } catch (err) {
        if (why(err) !== 'EPIPE') throw new Error(`cannot write ${this.#path}: ${why(err)}`, { cause: err });
        if (this.#onFull === 'drop' && !begun) return false;
        rest = piece; // the next reader gets the line from its beginning
        begun = false;
        if (!(await waitForReader(this.#path, this.#stop.signal))) throw this.#stop.signal.reason;
      }
    }
    return true;
  }

  #drop(lines: Buffer): void {
    this.droppedLines += countLines(lines);
    this.droppedBytes += lines.length;
  }
}

/** As many whole lines from `start` on as one atomic write holds; a single line where it alone is longer. */
function nextPiece(block: Buffer, start: number): Buffer {
  if (block.length - start <= PIPE_BUF) return block.subarray(start);
  const last = block.lastIndexOf(LF, start + PIPE_BUF - 1);
  const end = last >= start ? last : block.indexOf(LF, start);
  return block.subarray(start, end + 1);
}
