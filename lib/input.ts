/** Ways in for data: standard input, files and named pipes as chunks, read only as fast as they are used up. */
import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { onStop, why } from './cli.ts';
import { ownDescription } from './pipe.ts';

const CHUNK = 65_536; // what a pipe holds (pipe(7))
const FILE_CHUNK = 262_144; // each read of a file costs a turn of the thread pool

const LAST_MS = 1000; // for writers that were asked to end together with this process

/** `written` by processes that go on: what they have written is not to be left behind. */
type Source = { readonly written: boolean; next(): Promise<Buffer | undefined>; stop(): void };

/** Chunks of a file descriptor. Each is valid only until the next is asked for; reading waits for the one who asks. */
export class Input implements AsyncIterable<Buffer> {
  readonly name: string;
  /** Bytes read. */
  bytes = 0;
  readonly #source: Source;
  #over: () => void = () => {};

  constructor(name: string, source: Source) {
    this.name = name;
    this.#source = source;
  }

  /** Read no further: the iteration ends as it would at the end of the data. */
  stop(): void {
    this.#source.stop();
    this.#over();
  }

  /** Read no further than to the end that writers make when they are stopped as well, and no longer than a second. Resolves then. */
  leave(): Promise<void> {
    const over = new Promise<void>((resolve) => (this.#over = resolve));
    if (this.#source.written) setTimeout(() => this.stop(), LAST_MS).unref();
    else this.stop();
    return over;
  }

  /** Throws an Error that names the input. */
  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    try {
      for (let chunk = await this.#source.next(); chunk; chunk = await this.#source.next()) {
        this.bytes += chunk.length;
        yield chunk;
      }
    } catch (err) {
      throw new Error(`cannot read ${this.name}: ${why(err)}`, { cause: err });
    } finally {
      this.stop();
    }
  }
}

/** At a signal to stop: leave the input, and `patience` ms after that, if the process is still there, call `stop`. */
export function leaveOnStop(input: Input, patience: number, stop: () => void): void {
  onStop(() => void input.leave().then(() => setTimeout(stop, patience).unref()));
}

/** A pipe or socket through the event loop, into one buffer that is used again and again. */
class SocketSource implements Source {
  readonly written = true;
  readonly #socket: Socket;
  #got: Buffer | undefined;
  #ended = false;
  #failed: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(fd: number) {
    const take = (n: number, buffer: Uint8Array): boolean => {
      this.#got = Buffer.from(buffer.buffer, buffer.byteOffset, n);
      this.#wakeUp();
      return false; // no more until next() asks
    };
    const options: SocketConstructorOpts & { onread: OnReadOpts } = {
      fd,
      readable: true,
      writable: false,
      onread: { buffer: Buffer.allocUnsafeSlow(CHUNK), callback: take },
    };
    this.#socket = new Socket(options);
    this.#socket.on('end', () => this.#finish());
    this.#socket.on('close', () => this.#finish());
    this.#socket.on('error', (err) => this.#finish(err));
  }

  async next(): Promise<Buffer | undefined> {
    if (!this.#got && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.resume();
      });
    }
    const got = this.#got; // what has been read is handed on, also after a stop
    this.#got = undefined;
    if (!got && this.#failed) throw this.#failed;
    return got;
  }

  stop(): void {
    this.#finish();
    this.#socket.destroy();
  }

  #finish(err?: Error): void {
    if (!this.#ended) this.#failed = err;
    this.#ended = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

/** A regular file or a device: in the thread pool. */
class FileSource implements Source {
  readonly written = false;
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(FILE_CHUNK);
  #stopped = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  async next(): Promise<Buffer | undefined> {
    if (this.#stopped) return undefined;
    const n = await new Promise<number>((resolve, reject) => {
      read(this.#fd, this.#buffer, 0, FILE_CHUNK, null, (err, bytes) => (err ? reject(err) : resolve(bytes)));
    });
    return n > 0 && !this.#stopped ? this.#buffer.subarray(0, n) : undefined;
  }

  stop(): void {
    this.#stopped = true;
  }
}

/** A terminal: through process.stdin, which knows about raw modes and job control. */
class TerminalSource implements Source {
  readonly written = false;
  readonly #chunks = process.stdin.iterator();

  async next(): Promise<Buffer | undefined> {
    const { done, value } = await this.#chunks.next();
    return done ? undefined : value;
  }

  stop(): void {
    process.stdin.destroy();
  }
}

/** Standard input, whatever it is. Throws Error when it is closed or a folder. */
export function openStdin(): Input {
  const name = 'standard input';
  let stat;
  try {
    stat = fstatSync(0);
  } catch (err) {
    throw new Error(`cannot read ${name}: ${why(err)}`, { cause: err });
  }
  if (stat.isDirectory()) throw new Error(`cannot read ${name}: EISDIR`);
  if (stat.isFIFO()) return new Input(name, new SocketSource(ownDescription(0, constants.O_RDONLY) ?? 0));
  if (stat.isSocket()) return new Input(name, new SocketSource(0));
  if (stat.isCharacterDevice() && process.stdin.isTTY) return new Input(name, new TerminalSource());
  return new Input(name, new FileSource(0));
}

/**
 * A named pipe that stays open while writers come and go: it is opened for reading and writing, so there is no end of file, and what it
 * holds survives the last writer (fifo(7), Linux). Throws Error naming the path when it cannot be opened or is no named pipe.
 */
export function openFifo(path: string): Input {
  let fd;
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (err) {
    throw new Error(`cannot open ${path}: ${why(err)}`, { cause: err });
  }
  if (!fstatSync(fd).isFIFO()) {
    closeSync(fd);
    throw new Error(`cannot open ${path}: not a named pipe`);
  }
  return new Input(path, new SocketSource(fd));
}
