/** The write end of a pipe without blocking and without guessing: the kernel's answer to every byte is known. */
import { closeSync, constants, fstatSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { why } from './cli.ts';

/** A write of at most this many bytes to a pipe is taken whole or not at all (pipe(7); 4,096 on Linux). */
export const PIPE_BUF = 4096;

/** How often to look whether somebody reads a pipe, ms. */
export const PROBE_MS = 50;

/**
 * Open fd's pipe once more, non-blocking, as a description of our own: O_NONBLOCK belongs to the open file description, so setting
 * it on an inherited descriptor would make the shell's other commands fail with EAGAIN. Undefined where the system refuses
 * (a pipe made by another user) or fd is no pipe.
 */
export function ownDescription(fd: number, access: number): number | undefined {
  if (!fstatSync(fd).isFIFO()) return undefined;
  try {
    return openSync(`/proc/self/fd/${fd}`, access | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

/** The path of a named pipe open at fd; undefined for an anonymous pipe. */
export function pipeName(fd: number): string | undefined {
  const name = readlinkSync(`/proc/self/fd/${fd}`);
  return name.startsWith('/') ? name : undefined;
}

/** Whether somebody has the pipe at `path` open for reading. Throws Error when the pipe cannot be asked. */
export function hasReader(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (err) {
    if (why(err) === 'ENXIO') return false; // fifo(7): nobody reads
    throw err;
  }
}

/** Resolve with true once somebody reads the pipe at `path`, with false when `cancel` is aborted first. Looks every 50 ms. */
export async function waitForReader(path: string, cancel: AbortSignal): Promise<boolean> {
  while (!cancel.aborted) {
    if (hasReader(path)) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, PROBE_MS);
      function done(): void {
        clearTimeout(timer);
        cancel.removeEventListener('abort', done);
        resolve();
      }
      cancel.addEventListener('abort', done);
    });
  }
  return false;
}

/**
 * Writes into a pipe through a non-blocking descriptor that it owns.
 *
 * libuv does not tell how much of a failed write was taken, so bytes go out by plain write(2), and only to wait for room one piece of at
 * most PIPE_BUF, which is taken whole or not at all, goes through the event loop.
 */
export class PipeWriter {
  readonly #fd: number;
  #waiter: Socket | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** How many of the bytes the pipe has room for now, now written; 0 when it is full. Throws the system's error (EPIPE: no reader). */
  tryWrite(bytes: Uint8Array): number {
    try {
      return writeSync(this.#fd, bytes);
    } catch (err) {
      if (why(err) === 'EAGAIN') return 0;
      throw err;
    }
  }

  /** Write a piece of at most PIPE_BUF bytes whole, waiting until there is room. Rejects with the system's error; then nothing was taken. */
  writePiece(piece: Uint8Array): Promise<void> {
    const waiter = this.#waiter ?? this.#openWaiter();
    return new Promise((resolve, reject) => {
      waiter.write(piece, (err) => {
        if (!err) resolve();
        else {
          this.#waiter = undefined; // a failed socket is destroyed by Node
          reject(err);
        }
      });
    });
  }

  /** Give the descriptors back. */
  close(): void {
    this.#waiter?.destroy();
    closeSync(this.#fd);
  }

  /** Throws EPIPE, as a write would, where open(2) says ENXIO because nobody reads. */
  #openAgain(): number {
    try {
      return openSync(`/proc/self/fd/${this.#fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (err) {
      if (why(err) !== 'ENXIO') throw err;
      throw Object.assign(new Error('nobody reads the pipe', { cause: err }), { code: 'EPIPE' });
    }
  }

  #openWaiter(): Socket {
    const fd = this.#openAgain();
    const waiter = new Socket({ fd, readable: false, writable: true });
    waiter.on('error', () => {}); // each write's callback has it too
    this.#waiter = waiter;
    return waiter;
  }
}
