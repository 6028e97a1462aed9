/** The files of one epoch in a spool: read frame by frame, removed when they are acknowledged, given up when room is wanted. */
import type { Amount, Held } from './backlog.ts';
import { why } from './cli.ts';
import { isFull } from './disk-full.ts';
import type { Disk, DiskFile } from './spool-disk.ts';
import { lossFrame } from './messages.ts';
import { readSegment, SEGMENT_MAX, segmentName, type Segment } from './segment.ts';

const EVIDENCE = 4; // damaged files that are kept
const LOSS_SIZE = 1024; // a file that holds one LOSS is shorter
const REASON = 'given up by the sender: its spool was full';

/** What all logs of a spool share. */
export type SpoolState = {
  readonly disk: Disk;
  /** Bytes in files of frames. */
  bytes: number;
  /** Files were made, renamed or removed since the folder was synced. */
  folderDirty: boolean;
  /** Lines and bytes that will not be delivered: given up for want of room, or damaged on the disk. */
  readonly dropped: Amount;
  readonly damaged: Amount;
  readonly say: (text: string) => void;
};

/** One file. `reported` when people know what is wrong in it. */
export type SegmentFile = { name: string; readonly base: number; size: number; reported: boolean; torn: boolean; damaged: boolean };

export class SpoolLog {
  readonly order: number;
  /** End of the frames in its files. Of an earlier process' log it is known only after `findEnd`. */
  end = 0;
  /** Where its epoch begins: what is below was acknowledged under an earlier name. */
  from = 0;
  readonly #state: SpoolState;
  #epoch: string;
  readonly #files: SegmentFile[]; // in the order of their offsets

  constructor(state: SpoolState, order: number, epoch: string, files: { name: string; base: number; size: number }[] = []) {
    this.#state = state;
    this.order = order;
    this.#epoch = epoch;
    this.#files = files.map((file) => ({ ...file, reported: false, torn: false, damaged: false })).sort((a, b) => a.base - b.base);
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** The lowest offset in its files. */
  get base(): number {
    return this.#files[0]?.base ?? this.end;
  }

  get empty(): boolean {
    return this.#files.length === 0;
  }

  /** Bytes that its files take. */
  get bytes(): number {
    return this.#files.reduce((sum, { size }) => sum + size, 0);
  }

  /** Make a file for what begins at `base`. Throws the system's error. */
  add(base: number): { entry: SegmentFile; file: DiskFile } {
    const name = segmentName({ order: this.order, epoch: this.#epoch, base });
    const file = this.#state.disk.create(name);
    const entry = { name, base, size: 0, reported: false, torn: false, damaged: false };
    this.#files.push(entry);
    this.#state.folderDirty = true;
    return { entry, file };
  }

  /** The frames of the file that holds `offset`, or of the first one behind it; empty when there is none. Tells what is damaged in it. */
  load(offset: number): Held[] {
    const file = this.#files[this.#indexOf(offset)];
    if (!file) return [];
    const segment = this.#read(file);
    this.#report(file, segment, offset);
    return segment.frames;
  }

  /** The frames up to `offset` of the file that holds it, and no word about it. */
  look(offset: number): Held[] {
    const file = this.#files[this.#indexOf(offset)];
    return file ? this.#read(file).frames : [];
  }

  /** Find out where an earlier process' log ends. */
  findEnd(): void {
    const last = this.#files.at(-1);
    if (!last) return;
    const { end, torn } = this.#read(last);
    this.end = end;
    this.#tellTorn(last, torn);
  }

  #indexOf(offset: number): number {
    const behind = this.#files.findIndex(({ base }) => base > offset);
    return behind < 0 ? this.#files.length - 1 : Math.max(0, behind - 1);
  }

  /** A file that cannot be read is as one that is damaged from its beginning. */
  #read(file: SegmentFile): Segment {
    const next = this.#files[this.#files.indexOf(file) + 1]?.base;
    let bytes: Buffer = Buffer.alloc(0);
    try {
      bytes = this.#state.disk.read(file.name, SEGMENT_MAX);
    } catch (err) {
      if (!file.reported) this.#state.say(`cannot read ${file.name}: ${why(err)}; its ${file.size} bytes are lost`);
      if (!file.reported) this.#state.damaged.bytes += file.size;
      file.damaged = file.reported = true;
    }
    return readSegment(bytes, file.base, next);
  }

  #tellTorn(file: SegmentFile, torn: number): void {
    if (torn === 0 || file.torn) return;
    file.damaged = file.torn = true;
    this.#state.say(`${file.name} ends within a frame, as after a crash: its last ${torn} bytes are cut off`);
  }

  /** Tell what is damaged beyond `from`, and count it. */
  #report(file: SegmentFile, { frames, damaged, torn }: Segment, from: number): void {
    this.#tellTorn(file, torn);
    if (file.reported || damaged === 0) return;
    file.damaged = file.reported = true;
    const lost = frames.filter(({ loss, end }) => loss && end > from);
    if (lost.length === 0) return;
    const bytes = lost.reduce((sum, { offset, end }) => sum + end - Math.max(offset, from), 0);
    const { say, damaged: total } = this.#state;
    total.bytes += bytes;
    total.lines += lost.reduce((sum, { lines }) => sum + lines, 0);
    say(`${file.name} is damaged: ${bytes} bytes of lines are lost, the others are sent; it is kept as ${file.name}.damaged`);
  }

  /** Everything below `offset` is acknowledged: remove the files that hold nothing else, but never the last one. */
  release(offset: number): void {
    for (let next = this.#files[1]; next && next.base <= offset; next = this.#files[1]) this.#discard();
  }

  /** All of it is acknowledged. */
  clear(): void {
    while (this.#files.length > 0) this.#discard();
  }

  /** Remove the first file; one that is damaged is kept beside the others as evidence. */
  #discard(): void {
    const file = this.#files.shift();
    if (!file) return;
    const { disk } = this.#state;
    this.#state.bytes -= file.size;
    this.#state.folderDirty = true;
    try {
      if (file.damaged) keepEvidence(disk, file.name);
      else disk.remove(file.name);
    } catch (err) {
      this.#state.say(`cannot remove ${file.name}: ${why(err)}`); // what it holds is sent again, and dropped as known, by a later process
    }
  }

  /**
   * Give up the oldest file of which nothing lies below `sent`, and which is not `active`: a small file that says so takes its place. Lines
   * below `acked` do not count. Returns the range, or undefined when there is no such file.
   */
  giveUp(sent: number, acked: number, active: SegmentFile | undefined): { from: number; to: number } | undefined {
    for (const [i, file] of this.#files.entries()) {
      if (file.base < sent || file === active) continue;
      const { frames, end } = this.#read(file);
      if (isLoss(frames)) continue;
      const { dropped } = this.#state;
      for (const { loss, offset, end, lines } of frames) {
        if (loss || offset < acked) continue;
        dropped.lines += lines;
        dropped.bytes += end - offset;
      }
      this.#putLoss(i, end, frames.reduce((sum, { lines }) => sum + lines, 0));
      return { from: file.base, to: end };
    }
    return undefined;
  }

  /** In the place of file `i`, which reaches to `to`, a LOSS of so many lines, together with the LOSS before it, if there is one. */
  #putLoss(i: number, to: number, lines: number): void {
    const file = this.#files[i] as SegmentFile;
    const before = this.#lossBefore(i);
    const target = before ? before.file : file;
    this.#replace(target, lossFrame({ from: target.base, to, lines: lines + (before?.lines ?? 0), reason: REASON }));
    if (!before) return;
    this.#state.disk.remove(file.name);
    this.#state.bytes -= file.size;
    this.#files.splice(i, 1);
  }

  #lossBefore(i: number): { file: SegmentFile; lines: number } | undefined {
    const file = this.#files[i - 1];
    if (!file || file.size > LOSS_SIZE) return undefined;
    const { frames } = this.#read(file);
    return isLoss(frames) ? { file, lines: frames[0]?.lines ?? 0 } : undefined;
  }

  /** At once; where the disk is full, in the room of what is replaced. */
  #replace(file: SegmentFile, bytes: Buffer): void {
    const { disk } = this.#state;
    const fresh = `${file.name}.new`;
    try {
      put(disk, fresh, bytes);
    } catch (err) {
      if (!isFull(err)) throw err;
      disk.remove(file.name);
      put(disk, fresh, bytes);
    }
    disk.rename(fresh, file.name);
    this.#state.bytes += bytes.length - file.size;
    this.#state.folderDirty = true;
    file.size = bytes.length;
  }

  /** Another epoch for the same lines: the last file is renamed first, so that a crash leaves two epochs that follow one another. */
  rename(epoch: string): void {
    const { disk, say } = this.#state;
    for (const file of [...this.#files].reverse()) {
      const name = segmentName({ order: this.order, epoch, base: file.base });
      try {
        disk.rename(file.name, name);
        file.name = name;
      } catch (err) {
        say(`cannot rename ${file.name}: ${why(err)}`); // a later process finds the old name, and does it again
      }
    }
    this.#epoch = epoch;
    this.#state.folderDirty = true;
  }
}

function isLoss(frames: readonly Held[]): boolean {
  return frames.length === 1 && frames[0]?.loss === true;
}

/** Put a small file there as a whole. A part of it that was left there goes. */
export function put(disk: Disk, name: string, bytes: Uint8Array): void {
  try {
    disk.remove(name);
  } catch (err) {
    if (why(err) !== 'ENOENT') throw err;
  }
  const file = disk.create(name);
  try {
    file.write(bytes, 0);
  } finally {
    file.close();
  }
}

/** Keep a damaged file, and the last few before it. */
function keepEvidence(disk: Disk, name: string): void {
  disk.rename(name, `${name}.damaged`);
  const kept = disk.list().filter((entry) => entry.name.endsWith('.damaged')).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name: oldest } of kept.slice(0, -EVIDENCE)) disk.remove(oldest);
}
