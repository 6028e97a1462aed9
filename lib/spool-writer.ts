/** Writes the frames of this process into the files of its epoch, and brings them to the disk. */
import type { Held } from './backlog.ts';
import type { DiskFile } from './spool-disk.ts';
import { SEGMENT_SIZE } from './segment.ts';
import type { SegmentFile, SpoolLog, SpoolState } from './spool-log.ts';

export class SpoolWriter {
  readonly #size: number;
  readonly #log: SpoolLog;
  readonly #state: SpoolState;
  #entry: SegmentFile | undefined;
  #file: DiskFile | undefined;
  #dirty = false;
  #left: DiskFile[] = []; // full files that are not on the disk yet

  constructor(log: SpoolLog, state: SpoolState, size = SEGMENT_SIZE) {
    this.#size = size;
    this.#log = log;
    this.#state = state;
  }

  /** The file that is written now. */
  get active(): SegmentFile | undefined {
    return this.#entry;
  }

  /** Put the frame behind the last one. When this throws the system's error, the frame is not there, and may be written again. */
  write(frame: Held): void {
    const { bytes, offset, end, loss } = frame;
    const entry = this.#entry;
    // A LOSS is a file of its own, and so is what follows lines that were delivered while they could not be written.
    const fits = entry && entry.size + bytes.length <= this.#size && offset === this.#log.end && !loss;
    if (!fits || (entry.size === 0 && entry.base !== offset)) this.#turn(offset);
    const file = this.#file as DiskFile;
    const into = this.#entry as SegmentFile;
    this.#dirty = true;
    try {
      file.write(bytes, into.size);
    } catch (err) {
      trim(file, into.size);
      throw err;
    }
    into.size += bytes.length;
    this.#state.bytes += bytes.length;
    this.#log.end = end;
    if (loss) this.#leave();
  }

  #turn(offset: number): void {
    this.#leave();
    const { entry, file } = this.#log.add(offset);
    this.#entry = entry;
    this.#file = file;
  }

  /** No more into this file. */
  #leave(): void {
    if (!this.#file || !this.#entry) return;
    this.#left.push(this.#file);
    this.#file = undefined;
    this.#entry = undefined;
  }

  /** Close what is full without waiting for the disk. */
  letGo(): void {
    for (const file of this.#left.splice(0)) file.close();
  }

  /** Resolves when all that was written before is on the disk. Rejects with the system's error: then that is not known of any of it. */
  async sync(): Promise<void> {
    const left = this.#left.splice(0);
    const { folderDirty } = this.#state;
    const dirty = this.#dirty;
    this.#state.folderDirty = false;
    this.#dirty = false;
    for (const file of left) {
      await file.sync();
      file.close();
    }
    if (dirty && this.#file) await this.#file.sync();
    if (folderDirty) await this.#state.disk.sync();
  }

  close(): void {
    this.letGo();
    this.#file?.close();
    this.#file = undefined;
    this.#entry = undefined;
  }
}

/** Take away what a failed write has left at the end. Where that fails too, readers find the end by the checksums. */
function trim(file: DiskFile, length: number): void {
  try {
    file.truncate(length);
  } catch {
    // the write's error says it all
  }
}
