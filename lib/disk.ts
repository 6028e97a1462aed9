/** The file system as a journal uses it: few operations, each a step at which a machine may stop; tests have a disk that does. */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';

/** An open file. All of it rejects with the system's errors. */
export interface DiskFile {
  /** Fill `into` from byte `at` on; resolves with how many bytes were there. */
  read(into: Uint8Array, at: number): Promise<number>;
  /** Write the buffers one behind the other at byte `at`, in one go; resolves with how many bytes were taken. */
  write(buffers: readonly Uint8Array[], at: number): Promise<number>;
  /** Wait until all that was written is on the disk itself, and its length (fdatasync(2)). */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface Disk {
  /** The names in a folder. */
  list(folder: string): Promise<string[]>;
  /** Make the folder if it is missing; the one above it has to be there. */
  makeFolder(folder: string): Promise<void>;
  /** Open for reading, for reading and writing, or to be written anew. */
  open(path: string, how: 'read' | 'write' | 'new'): Promise<DiskFile>;
  /** Length in bytes and time of the last change, ms since the epoch. */
  about(path: string): Promise<{ size: number; changed: number }>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Wait until names made, changed and removed in the folder are on the disk itself. */
  syncFolder(folder: string): Promise<void>;
}

const FLAGS = { read: constants.O_RDONLY, write: constants.O_RDWR, new: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC };

class OpenFile implements DiskFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    let got = 0;
    while (got < into.length) {
      const { bytesRead } = await this.#handle.read(into, got, into.length - got, at + got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    return got;
  }

  async write(buffers: readonly Uint8Array[], at: number): Promise<number> {
    return (await this.#handle.writev(buffers, at)).bytesWritten;
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** The real one. */
export const realDisk: Disk = {
  list: (folder) => readdir(folder),
  async makeFolder(folder) {
    await mkdir(folder, { mode: 0o750 }).catch((err: NodeJS.ErrnoException) => {
      if (err.code !== 'EEXIST') throw err;
    });
  },
  open: async (path, how) => new OpenFile(await open(path, FLAGS[how], 0o640)),
  async about(path) {
    const { size, mtimeMs } = await stat(path);
    return { size, changed: mtimeMs };
  },
  rename,
  remove: unlink,
  async syncFolder(folder) {
    const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
