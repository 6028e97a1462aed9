/** One folder on disk and its files, as a spool needs them: so that tests can put a disk that fails in its place. */
import {
  closeSync, constants, fdatasync, fsync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, renameSync, statSync,
  unlinkSync, writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { why } from './cli.ts';

/** Errors are those of the system, with their `code`. */
export interface Disk {
  list(): { name: string; size: number }[];
  /** The bytes of a file, at most `max` of them. */
  read(name: string, max: number): Buffer;
  /** A new file. Fails where there is one of that name. */
  create(name: string): DiskFile;
  /** Another name for a file; one that has it already is replaced. */
  rename(from: string, to: string): void;
  remove(name: string): void;
  /** Resolves when names made, changed and removed are on the disk. */
  sync(): Promise<void>;
  close(): void;
}

export interface DiskFile {
  /** Write all of it at that place of the file. When that fails a part of it may be there. */
  write(bytes: Uint8Array, at: number): void;
  truncate(length: number): void;
  /** Resolves when what was written is on the disk. */
  sync(): Promise<void>;
  close(): void;
}

/** Open a folder, made for its owner alone if it is missing. Throws `cannot use PATH: REASON`. */
export function openDisk(path: string): Disk & { id: string } {
  try {
    mkdirSync(path, { mode: 0o700, recursive: true });
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    const { dev, ino } = fstatSync(fd);
    return new Folder(path, fd, `${dev}:${ino}`);
  } catch (err) {
    throw new Error(`cannot use ${path}: ${why(err)}`, { cause: err });
  }
}

class Folder implements Disk {
  /** What the folder is, whatever path leads to it. */
  readonly id: string;
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string, fd: number, id: string) {
    this.#path = path;
    this.#fd = fd;
    this.id = id;
  }

  list(): { name: string; size: number }[] {
    const files = readdirSync(this.#path, { withFileTypes: true }).filter((entry) => entry.isFile());
    return files.map(({ name }) => ({ name, size: statSync(join(this.#path, name)).size }));
  }

  read(name: string, max: number): Buffer {
    const fd = openSync(join(this.#path, name), 'r');
    try {
      const bytes = Buffer.allocUnsafeSlow(Math.min(fstatSync(fd).size, max));
      let length = 0;
      for (let n = -1; n !== 0 && length < bytes.length; length += n) n = readSync(fd, bytes, length, bytes.length - length, length);
      return bytes.subarray(0, length);
    } finally {
      closeSync(fd);
    }
  }

  create(name: string): DiskFile {
    return new File(openSync(join(this.#path, name), 'wx', 0o600));
  }

  rename(from: string, to: string): void {
    renameSync(join(this.#path, from), join(this.#path, to));
  }

  remove(name: string): void {
    unlinkSync(join(this.#path, name));
  }

  sync(): Promise<void> {
    return settle((done) => fsync(this.#fd, done));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

class File implements DiskFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
  }

  truncate(length: number): void {
    ftruncateSync(this.#fd, length);
  }

  sync(): Promise<void> {
    return settle((done) => fdatasync(this.#fd, done));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function settle(start: (done: (err: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((err) => (err ? reject(err) : resolve())));
}
