/** Standard output for data: a write is done when the kernel has it, a full disk is an error, a reader that leaves is a quiet end. */
import { constants, fstatSync, write, writeSync, type Stats } from 'node:fs';
import { Socket } from 'node:net';
import { ReaderGone, why } from './cli.ts';
import { ownDescription, PIPE_BUF, pipeName, PipeWriter, waitForReader } from './pipe.ts';

const PIPE = 65_536; // what a pipe holds (pipe(7))
const FILE = 262_144; // each write of a file costs a turn of the thread pool

type Sink = {
  /** Bytes that are well written in one go. */
  readonly fit: number;
  /** Bytes that the kernel has taken, of writes that are not done as well. */
  readonly taken: number;
  put(bytes: Uint8Array): Promise<void> | void;
  close(): void;
};
type Waiting = { bytes: Uint8Array; resolve: () => void; reject: (err: unknown) => void };

const NULL_DEVICE = 0x103; // null(4): major 1, minor 3

/** What `openStdout` may be asked for. */
export type OutputOptions = {
  /** Where stdout is a named pipe: when its reader leaves, wait for the next one instead of ending. */
  awaitReaders?: boolean;
};

/** An ordered way out. Writes are taken in the order of the calls; the caller waits for each, or bounds what it queues. */
export class Output {
  readonly #sink: Sink;
  #queue: Waiting[] = [];
  #queued = 0;
  #busy = false;
  #failed: unknown;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Bytes the kernel has taken, also of a write that is not done. */
  get written(): number {
    return this.#sink.taken;
  }

  /** Bytes that are well given to one `write`. */
  get fit(): number {
    return this.#sink.fit;
  }

  /** Bytes given to `write` and not yet taken by the kernel. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Resolves when the kernel has taken all the bytes; they must not change before that.
   * Rejects with ReaderGone when the reader has left, else with an Error that names standard output; so do all later writes.
   */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ bytes, resolve, reject });
      this.#queued += bytes.length;
      if (!this.#busy) void this.#pump();
    });
  }

  /** Resolves when everything given to `write` before is out. */
  async flush(): Promise<void> {
    await this.write(new Uint8Array(0));
  }

  /** Let go of the descriptor; what is queued is given up. */
  close(): void {
    this.#sink.close();
  }

  async #pump(): Promise<void> {
    this.#busy = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      try {
        if (this.#failed) throw this.#failed;
        if (next.bytes.length > 0) {
          const pending = this.#sink.put(next.bytes);
          if (pending) await pending;
        }
        next.resolve();
      } catch (err) {
        this.#failed = err;
        next.reject(err);
      }
      this.#queued -= next.bytes.length;
    }
    this.#busy = false;
  }
}

function blame(err: unknown): Error {
  if (why(err) === 'EPIPE' || why(err) === 'ECONNRESET') return new ReaderGone();
  return new Error(`cannot write standard output: ${why(err)}`, { cause: err });
}

/** A pipe, by a description of our own. */
class PipeSink implements Sink {
  readonly fit = PIPE;
  taken = 0;
  readonly #pipe: PipeWriter;
  readonly #name: string | undefined;
  readonly #closed = new AbortController();

  constructor(fd: number, name: string | undefined) {
    this.#pipe = new PipeWriter(fd);
    this.#name = name;
  }

  put(bytes: Uint8Array): Promise<void> | void {
    try {
      const taken = this.#pipe.tryWrite(bytes);
      this.taken += taken;
      if (taken < bytes.length) return this.#finish(bytes.subarray(taken));
    } catch (err) {
      if (why(err) === 'EPIPE' && this.#name) return this.#finish(bytes);
      throw blame(err);
    }
  }

  async #finish(rest: Uint8Array): Promise<void> {
    while (rest.length > 0) {
      try {
        const piece = rest.subarray(0, PIPE_BUF);
        await this.#pipe.writePiece(piece);
        this.taken += piece.length;
        rest = rest.subarray(piece.length);
        if (rest.length === 0) break;
        const more = this.#pipe.tryWrite(rest);
        this.taken += more;
        rest = rest.subarray(more);
      } catch (err) {
        // What the pipe has taken stays in it for the next reader, as long as we hold our end open.
        if (why(err) !== 'EPIPE' || !this.#name || !(await waitForReader(this.#name, this.#closed.signal))) throw blame(err);
      }
    }
  }

  close(): void {
    this.#closed.abort();
    this.#pipe.close();
  }
}

/** A socket, or a pipe that the system does not let us open again: through the event loop. */
class SocketSink implements Sink {
  readonly fit = PIPE;
  taken = 0;
  readonly #socket: Socket;

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on('error', () => {}); // each write's callback has it too
  }

  put(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (err) => {
        if (err) return reject(blame(err));
        this.taken += bytes.length;
        resolve();
      });
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** A file, a device: in the thread pool, since a slow disk must not stop the event loop. */
class FileSink implements Sink {
  readonly fit = FILE;
  taken = 0;
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async put(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0; ) {
      const taken = await new Promise<number>((resolve, reject) => {
        write(this.#fd, rest, 0, rest.length, null, (err, n) => (err ? reject(blame(err)) : resolve(n)));
      });
      this.taken += taken;
      rest = rest.subarray(taken);
    }
  }

  close(): void {}
}

/** /dev/null, which needs no writing. */
class NullSink implements Sink {
  readonly fit = PIPE;
  taken = 0;

  put(bytes: Uint8Array): void {
    this.taken += bytes.length;
  }

  close(): void {}
}

/** A terminal: written at once, so that nothing is left over at the end and ^S cannot hold a pool thread. */
class TerminalSink implements Sink {
  readonly fit = PIPE;
  taken = 0;

  put(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0; ) {
      try {
        const taken = writeSync(1, rest);
        this.taken += taken;
        rest = rest.subarray(taken);
      } catch (err) {
        if (why(err) !== 'EAGAIN') throw blame(err);
      }
    }
  }

  close(): void {}
}

/** Standard output, whatever it is: pipe, named pipe, socket, file, device or terminal. */
export function openStdout(options: OutputOptions = {}): Output {
  const stat = fstatSync(1);
  if (stat.isFIFO()) {
    const fd = ownDescription(1, constants.O_WRONLY);
    if (fd === undefined) return new Output(new SocketSink(1));
    return new Output(new PipeSink(fd, options.awaitReaders ? pipeName(1) : undefined));
  }
  if (stat.isSocket()) return new Output(new SocketSink(1));
  if (isNull(stat)) return new Output(new NullSink());
  return new Output(stat.isCharacterDevice() && isTerminal(1) ? new TerminalSink() : new FileSink(1));
}

/** Whether standard output is /dev/null: what is written there is wanted by nobody. */
export function stdoutIsNull(): boolean {
  return isNull(fstatSync(1));
}

function isNull(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === NULL_DEVICE;
}

function isTerminal(fd: number): boolean {
  return pipeName(fd)?.startsWith('/dev/pts/') === true || pipeName(fd)?.startsWith('/dev/tty') === true;
}
