/** How far a reader of a journal has come, kept in a file so that it goes on there: lm-journal(5), "Cursors". */
import { why } from './cli.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { Position } from './journal-format.ts';
import { UNFINISHED } from './journal-recovery.ts';
import { parseObject, wholeOf } from './json.ts';

const MAX_TEXT = 256;
const LENGTH = 128; // bytes: three numbers of 16 digits, and part of one sector of any disk

/** The file's text: a line, with spaces up to its length. */
export function cursorText({ segment, at, done }: Position): string {
  return `${JSON.stringify({ '@': 'cursor', segment, at, done }).padEnd(LENGTH - 1)}\n`;
}

/** Throws Error when the text is no cursor. */
export function parseCursor(text: Buffer): Position {
  const object = parseObject(text);
  if (object['@'] !== 'cursor') throw new Error('not a cursor');
  return { segment: wholeOf(object, 'segment', 1), at: wholeOf(object, 'at'), done: wholeOf(object, 'done') };
}

/** The position in the file, or undefined when there is no such file. Rejects with an Error that names it. */
export async function readCursor(disk: Disk, path: string): Promise<Position | undefined> {
  try {
    const file = await disk.open(path, 'read');
    const text = Buffer.alloc(MAX_TEXT);
    return parseCursor(text.subarray(0, await file.read(text, 0).finally(() => file.close())));
  } catch (err) {
    if (why(err) === 'ENOENT') return undefined;
    throw new Error(`cannot read ${path}: ${why(err)}`, { cause: err });
  }
}

/**
 * The file, kept open by the one process that writes it. A position is written over the one before, always of the same length and within one
 * sector: the kernel takes such a write as a whole or not at all, and so does a disk, so neither kill -9 nor a power cut leaves half of it.
 * Nothing waits for the disk but `sync`; until that, a power cut may bring an older position back. A rename would wait: its folder is where
 * segments come and go, and ext4 brings a file that replaces another to the disk first.
 */
export class CursorFile {
  readonly #disk: Disk;
  readonly #path: string;
  #file: DiskFile | undefined;
  #dirty = false;
  #syncing = Promise.resolve();

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** Put the position into the file. Rejects with the system's error. */
  async save(position: Position): Promise<void> {
    const text = Buffer.from(cursorText(position));
    this.#file ??= (await this.#existing()) ?? (await this.#create(text));
    this.#dirty = true;
    if ((await this.#file.write([text], 0)) < text.length) throw new Error('it was cut short');
  }

  /** Wait until what was saved before is on the disk, whoever else waits for it. Rejects with the system's error. */
  sync(): Promise<void> {
    return (this.#syncing = this.#syncing.catch(() => {}).then(() => this.#flush()));
  }

  async #flush(): Promise<void> {
    if (!this.#dirty || !this.#file) return;
    this.#dirty = false;
    try {
      await this.#file.sync();
    } catch (err) {
      this.#dirty = true;
      throw err;
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** The file there is, when it has the length: only then is a write to it never torn. */
  async #existing(): Promise<DiskFile | undefined> {
    let file: DiskFile;
    try {
      file = await this.#disk.open(this.#path, 'write');
    } catch (err) {
      if (why(err) === 'ENOENT') return undefined;
      throw err;
    }
    if ((await file.size()) === LENGTH) return file;
    await file.close();
    return undefined;
  }

  /** A new file in the place of what is there, which stays until the new one is on the disk. */
  async #create(text: Buffer): Promise<DiskFile> {
    const file = await this.#disk.open(this.#path + UNFINISHED, 'new');
    try {
      await file.write([text], 0);
      await file.sync();
      await this.#disk.rename(this.#path + UNFINISHED, this.#path);
    } catch (err) {
      await file.close();
      throw err;
    }
    return file;
  }
}
