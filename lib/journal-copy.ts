/** Copies the journal to standard output from a saved position on: out of memory while it keeps up, out of the files when it is behind. */
import { join } from 'node:path';
import { ReaderGone, why } from './cli.ts';
import { realDisk } from './disk.ts';
import type { Journal, Placed } from './journal.ts';
import { CursorFile, readCursor } from './journal-cursor.ts';
import { comparePositions, type Position } from './journal-format.ts';
import { JournalReader } from './journal-reader.ts';
import type { Damage } from './journal-recovery.ts';
import type { Output } from './output.ts';
import { byteSize } from './progress.ts';

const IN_MEMORY = 4_194_304; // bytes of groups that wait for the reader, then it gets them from the files
const SAVE_MS = 200; // so much is repeated at most after a kill -9
const SYNC_MS = 5000; // so much, and what the disk takes, at most after a power cut
const CLEAN_MS = 10_000;
const LF = 10;

/** The file with the position, of the journal's own copy to standard output. */
export const CURSOR = 'cursor';

export class JournalCopy {
  /** Rejects when standard output or the journal fails. Never resolves. */
  readonly failed: Promise<never>;
  /** Resolves when the reader of standard output has left for good. */
  readonly gone: Promise<void>;
  readonly #journal: Journal;
  readonly #output: Output;
  readonly #say: (text: string) => void;
  readonly #nowhere: boolean;
  readonly #path: string;
  readonly #cursor: CursorFile;
  readonly #timers: NodeJS.Timeout[];
  readonly #groups: Placed[] = []; // that follow one another up to the end of the journal
  #inMemory = 0;
  #reader: JournalReader | undefined;
  #position: Position;
  #next: Position; // where it will be when what is being written is out
  #writing: { bytes: Buffer; before: number } | undefined;
  #saved: Position | undefined;
  #saver: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #cleaning: Promise<void> | undefined;
  #unsaved = false;
  #unclean = false;
  #excess = 0; // told of, bytes
  #running = false;
  #stopped = false;
  #caughtUp: (() => void)[] = [];
  #damaged: (damage: Damage) => void = () => {};
  #fail: (err: unknown) => void = () => {};
  #leave: () => void = () => {};

  /** From the saved position on; where there is none, from the oldest line. With `nowhere` nobody wants the lines. */
  static async open(journal: Journal, output: Output, nowhere: boolean, say: (text: string) => void): Promise<JournalCopy> {
    const path = join(journal.folder, CURSOR);
    let position: Position | undefined;
    try {
      position = await readCursor(realDisk, path);
    } catch (err) {
      say(`${why(err)}; standard output begins with the oldest line, so what it had of the journal comes again`);
    }
    if (position && comparePositions(position, journal.end) > 0) {
      say(`${path} is beyond the end of the journal; standard output goes on at the end`);
      position = journal.end;
    }
    return new JournalCopy(journal, output, nowhere, say, nowhere ? journal.end : (position ?? journal.start));
  }

  private constructor(journal: Journal, output: Output, nowhere: boolean, say: (text: string) => void, position: Position) {
    this.#journal = journal;
    this.#output = output;
    this.#nowhere = nowhere;
    this.#say = say;
    this.#path = join(journal.folder, CURSOR);
    this.#cursor = new CursorFile(realDisk, this.#path);
    this.#position = this.#next = position;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => {});
    this.gone = new Promise((resolve) => (this.#leave = resolve));
    this.#timers = [setInterval(() => this.#saveSoon(), CLEAN_MS).unref(), setInterval(() => void this.#sync(), SYNC_MS).unref()];
  }

  /** Begin to write. `damaged` is told of bytes of the journal that cannot be read, and were passed over. */
  start(damaged: (damage: Damage) => void): void {
    this.#damaged = damaged;
    this.#saveSoon();
    this.#kick();
  }

  /** Bytes of the journal that are not written yet. */
  get behind(): number {
    return this.#journal.distance(this.#position);
  }

  /** These groups are on the disk now, behind all that came before. */
  offer(placed: readonly Placed[]): void {
    for (const group of placed) {
      const follows = this.#groups.at(-1)?.next ?? this.#next;
      if (this.#nowhere) this.#at(group.next);
      else if (comparePositions(group.before, follows) === 0) this.#keep(group);
    }
    this.#kick();
  }

  #keep(group: Placed): void {
    this.#groups.push(group);
    this.#inMemory += sizeOf(group);
    if (this.#inMemory <= IN_MEMORY) return;
    this.#groups.length = 0; // too far behind: from the files, until the end is reached
    this.#inMemory = 0;
  }

  /** Resolves when all that is in the journal now has been written. */
  async caughtUp(): Promise<void> {
    if (!this.#running) return;
    await new Promise<void>((resolve) => this.#caughtUp.push(resolve));
  }

  /** Write no more, and save how far it came: whole lines. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#timers.forEach((timer) => clearInterval(timer));
    clearTimeout(this.#saver);
    const writing = this.#writing;
    if (writing) {
      const taken = this.#output.written - writing.before;
      const { segment, at, done } = this.#position;
      this.#position = { segment, at, done: done + (taken > 0 ? writing.bytes.lastIndexOf(LF, taken - 1) + 1 : 0) };
    }
    await this.#saving;
    await this.#save();
    await this.#cleaning;
    await this.#sync();
    await this.#cursor.close();
    await this.#reader?.close();
  }

  #kick(): void {
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (!this.#stopped && comparePositions(this.#position, this.#journal.end) < 0) await this.#step();
      this.#running = false;
    } catch (err) {
      if (err instanceof ReaderGone) this.#leave();
      else this.#fail(err);
      return; // and stays running: nothing more is written
    }
    for (const resolve of this.#caughtUp.splice(0)) resolve();
  }

  async #step(): Promise<void> {
    for (let group = this.#groups[0]; group; group = this.#groups[0]) {
      const order = comparePositions(group.before, this.#position);
      if (order > 0) break;
      this.#groups.shift();
      this.#inMemory -= sizeOf(group);
      if (order < 0) continue; // the files had it first
      this.#next = group.next;
      await this.#reader?.close();
      this.#reader = undefined;
      await this.#write(group.from, group.payload, group.next);
      return;
    }
    const reader = (this.#reader ??= new JournalReader(realDisk, this.#journal.folder, this.#position, () => this.#journal.end));
    const got = await reader.read().catch((err: unknown) => {
      throw new Error(`cannot read journal ${this.#journal.folder}: ${why(err)}`, { cause: err });
    });
    if (got?.is === 'lines') await this.#write(got.from, [got.lines], got.next);
    else {
      if (got) this.#damaged(got.damage);
      this.#at(reader.position); // behind damage, or groups without lines
    }
  }

  async #write(from: Position, payload: readonly Buffer[], next: Position): Promise<void> {
    this.#position = from;
    this.#next = next;
    for (const bytes of pieces(payload, this.#output.fit)) {
      this.#writing = { bytes, before: this.#output.written };
      await this.#output.write(bytes);
      this.#writing = undefined;
      if (this.#stopped) return;
      this.#position = { ...this.#position, done: this.#position.done + bytes.length };
      this.#saveSoon();
    }
    this.#at(next);
  }

  /** So far all is out, and nothing is being written. */
  #at(position: Position): void {
    this.#position = this.#next = position;
    this.#saveSoon();
  }

  #saveSoon(): void {
    this.#saver ??= setTimeout(() => {
      this.#saving = this.#save().finally(() => {
        this.#saver = undefined;
        const moved = !this.#saved || comparePositions(this.#position, this.#saved) !== 0;
        if (moved && !this.#stopped) this.#saveSoon(); // it went on meanwhile, or could not be saved
      });
    }, SAVE_MS);
  }

  /** A position that cannot be saved costs lines that are repeated, after a kill; so it goes on, and says so. */
  async #save(): Promise<void> {
    const position = this.#position;
    try {
      if (!this.#saved || comparePositions(position, this.#saved) !== 0) await this.#cursor.save(position);
      this.#saved = position;
      if (this.#unsaved) this.#say(`${this.#path} is saved again`);
      this.#unsaved = false;
    } catch (err) {
      if (!this.#unsaved) this.#say(`cannot save ${this.#path}: ${why(err)}; going on`);
      this.#unsaved = true;
      return;
    }
    this.#cleaning ??= this.#clean(position).finally(() => (this.#cleaning = undefined));
  }

  /** Beside the saving of positions, which waits for no disk. */
  async #clean(position: Position): Promise<void> {
    try {
      this.#tellExcess(await this.#journal.clean(position, () => this.#cursor.sync()));
      this.#unclean = false;
    } catch (err) {
      if (!this.#unclean) this.#say(`cannot remove from journal ${this.#journal.folder}: ${why(err)}; going on`);
      this.#unclean = true;
    }
  }

  /** A reader that does not read fills the disk: told once, and again whenever it is twice as much. */
  #tellExcess(bytes: number): void {
    const { folder } = this.#journal;
    if (bytes > 2 * this.#excess) {
      this.#say(`journal ${folder} is ${byteSize(bytes)} larger than --keep-size, and grows: standard output has not had its oldest lines`);
      this.#excess = bytes;
    } else if (bytes === 0 && this.#excess > 0) {
      this.#say(`journal ${folder} is within --keep-size again`);
      this.#excess = 0;
    }
  }

  /** Against a power cut. Where it fails the journal itself will, and says so. */
  async #sync(): Promise<void> {
    await this.#cursor.sync().catch(() => {});
  }
}

function sizeOf({ payload }: Placed): number {
  return payload.reduce((sum, { length }) => sum + length, 256);
}

/** The lines in pieces of about `fit` bytes: small blocks together, long ones cut at the end of a line. */
function* pieces(payload: readonly Buffer[], fit: number): Generator<Buffer> {
  let together: Buffer[] = [];
  let length = 0;
  const join = (): Buffer => (together.length === 1 && together[0] ? together[0] : Buffer.concat(together));
  for (const block of payload) {
    if (length > 0 && length + block.length > fit) {
      yield join();
      together = [];
      length = 0;
    }
    if (block.length <= fit) {
      together.push(block);
      length += block.length;
      continue;
    }
    for (let at = 0; at < block.length; ) {
      let end = Math.min(at + fit, block.length);
      if (end < block.length) end = Math.max(block.lastIndexOf(LF, end - 1), at - 1) + 1;
      if (end <= at) end = block.indexOf(LF, at) + 1; // a line longer than that
      yield block.subarray(at, end);
      at = end;
    }
  }
  if (length > 0) yield join();
}
