/** A journal, as the one process that writes it sees it: lines and the state of their streams go to the disk in one write. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { why } from './cli.ts';
import { isFull } from './disk-full.ts';
import { realDisk, type Disk, type DiskFile } from './disk.ts';
import { groupLine, MAX_STREAMS, openingLine, segmentName, type Position } from './journal-format.ts';
import { CUT, recover, UNFINISHED, type Damage, type Recovered, type SegmentFile } from './journal-recovery.ts';
import { Standings, type Kept, type Standing } from './standings.ts';

export type JournalOptions = {
  /** A new segment is begun behind so many bytes. */
  segment: number;
  /** Oldest segments are removed while all together are longer, bytes. */
  keepSize?: number | undefined;
  /** Segments are removed when their last line is older, ms. */
  keepAge?: number | undefined;
  /** Streams whose standing is kept. */
  remembered: number;
};

/** Lines that belong together: blocks of whole lines, and how their streams stand with them. */
export type Entry = { payload: Buffer[]; standings: Standing[] };

/** A group in the journal: `before` was the end, `from` is where it begins (perhaps in a new segment), `next` is the end now. */
export type Placed = { before: Position; from: Position; next: Position; payload: Buffer[] };

/** The disk is full: nothing was written, and it can be tried again. */
export class NoRoom extends Error {}

const AGE_PARTS = 8; // a segment spans at most this part of the age at which it goes

export class Journal {
  readonly folder: string;
  readonly standings: Standings;
  /** Bytes of damage and cut found at the beginning. */
  readonly damage: Damage[];
  readonly cut: Damage | undefined;
  /** Segments removed because of their age or the size of all. */
  removed = 0;
  readonly #disk: Disk;
  readonly #options: JournalOptions;
  readonly #now: () => number;
  readonly #segments: SegmentFile[]; // oldest first, the last one is being written
  #file: DiskFile | undefined;
  #mark = '';
  #length = 0;
  #opened = 0; // when the segment was begun, and the bytes it began with
  #base = 0;
  #broken = false;

  /** Recover what is in the folder, made if it is missing. Nobody else may write there. Rejects with an Error that names the folder. */
  static async open(folder: string, options: JournalOptions, disk: Disk = realDisk, now: () => number = Date.now): Promise<Journal> {
    try {
      await disk.makeFolder(folder);
      const standings = new Standings(options.remembered);
      const found = await recover(disk, folder, standings);
      standings.expire(now());
      const journal = new Journal(folder, standings, options, found, disk, now);
      if (found.tail) journal.#file = await disk.open(join(folder, segmentName(found.tail.segment)), 'write');
      else {
        await journal.#begin().catch((err: unknown) => {
          if (!(err instanceof NoRoom)) throw err; // else the first lines try again
        });
      }
      return journal;
    } catch (err) {
      throw new Error(`cannot use journal ${folder}: ${why(err)}`, { cause: err });
    }
  }

  private constructor(folder: string, standings: Standings, options: JournalOptions, found: Recovered, disk: Disk, now: () => number) {
    this.folder = folder;
    this.standings = standings;
    this.damage = found.damage;
    this.cut = found.cut;
    this.#segments = found.segments;
    this.#options = options;
    this.#disk = disk;
    this.#now = now;
    if (!found.tail) return;
    ({ mark: this.#mark, length: this.#length, opened: this.#opened } = found.tail);
  }

  /** Where the oldest line is. */
  get start(): Position {
    return { segment: this.#segments[0]?.segment ?? 1, at: 0, done: 0 };
  }

  /** The end of what is on the disk. */
  get end(): Position {
    const last = this.#segments.at(-1);
    return last ? { segment: last.segment, at: this.#file ? this.#length : last.size, done: 0 } : this.start;
  }

  /** Bytes of all files from `position` to the end. */
  distance({ segment, at, done }: Position): number {
    return this.#segments.reduce((sum, s) => sum + (s.segment > segment ? s.size : s.segment === segment ? s.size - at - done : 0), 0);
  }

  /** Bytes of all segments. */
  get size(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Write these and wait until they are on the disk. One call at a time. Rejects with NoRoom when the disk is full and nothing was
   * written; with any other Error nothing is known of what was written last, and the journal takes no more.
   */
  async commit(entries: readonly Entry[]): Promise<Placed[]> {
    if (this.#broken) throw new Error(`cannot write journal ${this.folder}: it has failed before`);
    try {
      const before = this.end;
      if (!this.#file || this.#due()) await this.#begin();
      return await this.#write(entries, before);
    } catch (err) {
      if (err instanceof NoRoom) throw err;
      this.#broken = true;
      throw new Error(`cannot write journal ${this.folder}: ${why(err)}`, { cause: err });
    }
  }

  async #write(entries: readonly Entry[], before: Position): Promise<Placed[]> {
    const file = this.#file;
    const current = this.#segments.at(-1);
    if (!file || !current) throw new Error('no segment');
    const { segment } = current;
    const ts = this.#now();
    const placed: Placed[] = [];
    let end = this.#length;
    for (const { payload, standings } of entries) {
      const from = { segment, at: end, done: 0 };
      const streams = standings.map((standing) => ({ standing, used: ts }));
      const line = groupLine(this.#mark, { at: end, ts, streams }, payload);
      const at = end;
      end = payload.reduce((sum, { length }) => sum + length, at + line.length);
      await this.#put(file, [line, ...payload], at, end, this.#length);
      // Each by itself: of two that a power cut met under way the second may be whole, and would be taken for all that it follows.
      await file.sync();
      placed.push({ before: placed.at(-1)?.next ?? before, from, next: { segment, at: end, done: 0 }, payload });
    }
    for (const { standings } of entries) for (const standing of standings) this.standings.put(standing, ts);
    this.#length = end;
    Object.assign(current, { size: end, changed: ts });
    return placed;
  }

  /** Write all of it; where the disk is full, nothing behind `good`. */
  async #put(file: DiskFile, buffers: readonly Buffer[], from: number, end: number, good = from): Promise<void> {
    let rest = buffers;
    try {
      for (let at = from; at < end; ) {
        const taken = await file.write(rest, at);
        if (taken === 0) throw Object.assign(new Error('nothing is taken'), { code: 'ENOSPC' });
        at += taken;
        if (at < end) rest = behind(rest, taken);
      }
    } catch (err) {
      if (!isFull(err)) throw err;
      await file.truncate(good);
      throw new NoRoom(why(err), { cause: err });
    }
  }

  #due(): boolean {
    const { segment, keepAge } = this.#options;
    const written = this.#length - this.#base;
    return written >= segment || (keepAge !== undefined && written > 0 && this.#now() - this.#opened > keepAge / AGE_PARTS);
  }

  /** Begin a new segment with the standing of every stream; it has its name only when it is on the disk. */
  async #begin(): Promise<void> {
    const before = this.#segments.at(-1);
    const segment = (before?.segment ?? 0) + 1;
    const [ts, mark] = [this.#now(), randomBytes(12).toString('base64url')];
    const path = join(this.folder, segmentName(segment));
    this.standings.expire(ts);
    const buffers = [openingLine(mark, { at: 0, bytes: 0, segment, ts, before: before?.size })];
    let length = buffers[0]?.length ?? 0;
    for (const streams of parts(this.standings.all(), MAX_STREAMS)) {
      const line = groupLine(mark, { at: length, ts, streams }, []);
      buffers.push(line);
      length += line.length;
    }
    const file = await this.#make(path, buffers, length);
    await this.#file?.close();
    this.#file = file;
    this.#mark = mark;
    this.#length = this.#base = length;
    this.#opened = ts;
    this.#segments.push({ segment, size: length, changed: ts });
  }

  async #make(path: string, buffers: readonly Buffer[], length: number): Promise<DiskFile> {
    let file: DiskFile | undefined;
    try {
      file = await this.#disk.open(path + UNFINISHED, 'new');
      await this.#put(file, buffers, 0, length);
      await file.sync();
      await this.#disk.rename(path + UNFINISHED, path);
    } catch (err) {
      await file?.close();
      if (!(err instanceof NoRoom) && !isFull(err)) throw err;
      await this.#disk.remove(path + UNFINISHED).catch(() => {});
      throw err instanceof NoRoom ? err : new NoRoom(why(err), { cause: err });
    }
    await this.#disk.syncFolder(this.folder);
    return file;
  }

  /**
   * Remove the oldest segments as age and size want it, of those that `reader` has passed. `secure` brings its position to the disk, and is
   * called before the first is removed. Gives by how many bytes the journal is too large only because the reader has not passed more.
   * Rejects with the system's error.
   */
  async clean(reader: Position, secure: () => Promise<void> = async () => {}): Promise<number> {
    const { keepSize = Infinity, keepAge = Infinity } = this.#options;
    for (let synced = false; ; synced = true) {
      const [oldest, next] = this.#segments;
      if (!oldest || !next) return 0;
      if (oldest.segment >= reader.segment) return Math.max(0, this.size - keepSize);
      if (this.size <= keepSize && this.#now() - oldest.changed <= keepAge) return 0;
      if (!synced) {
        await secure(); // a cursor that still pointed at it must not come back
        await this.#disk.syncFolder(this.folder);
      }
      const path = join(this.folder, segmentName(oldest.segment));
      await this.#disk.remove(path + CUT).catch(() => {});
      await this.#disk.remove(path);
      this.#segments.shift();
      this.removed++;
    }
  }

  /** Let go of the files. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#broken = true;
  }
}

/** What is left of the buffers behind their first `taken` bytes. */
function behind(buffers: readonly Buffer[], taken: number): Buffer[] {
  let skip = taken;
  return buffers.flatMap((bytes) => {
    const rest = bytes.subarray(Math.min(skip, bytes.length));
    skip -= bytes.length - rest.length;
    return rest.length > 0 ? [rest] : [];
  });
}

function* parts(list: readonly Kept[], most: number): Generator<Kept[]> {
  for (let i = 0; i < list.length; i += most) yield list.slice(i, i + most);
}
