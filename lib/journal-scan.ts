/** Steps through a segment of a journal, group by group: by their lengths, never by what lines look like. */
import type { DiskFile } from './disk.ts';
import {
  MAX_CONTROL_LINE, MAX_GROUP, markOf, nextGroup, seeGroup, seeOpening, type Group, type Opening,
} from './journal-format.ts';

const WINDOW = 1_048_576; // bytes read at once; more where a group is longer

/** A group with its lines, and the byte of the segment at which it ends. The lines share memory that is not written to again. */
export type Step =
  | { is: 'group'; head: Group; lines: Buffer; end: number }
  /** All whole groups so far were read. */
  | { is: 'end' }
  /** What stands here is not whole (yet), or no group at all. */
  | { is: 'short' }
  | { is: 'bad'; reason: string };

export class SegmentScan {
  /** Where the next group begins. */
  at = 0;
  readonly #file: DiskFile;
  #mark = '';
  #window: Buffer = Buffer.alloc(0);
  #start = 0; // byte of the segment at which the window begins

  constructor(file: DiskFile) {
    this.#file = file;
  }

  /** The segment's random word; '' before `open`. */
  get mark(): string {
    return this.#mark;
  }

  /** Read the first line; the groups begin behind it. Call it first. Resolves with what is wrong where it is no opening. */
  async open(): Promise<Opening | string> {
    await this.#load(0, WINDOW);
    this.#mark = markOf(this.#window) ?? '';
    if (!this.#mark) return 'it does not begin as a segment does';
    const seen = seeOpening(this.#window, this.#mark);
    if (seen.is === 'short') return 'its first line is not whole';
    if (seen.is === 'bad') return seen.reason;
    this.at = seen.end;
    return seen.head;
  }

  /** The next group. What is not whole is looked at anew by the next call. */
  async next(): Promise<Step> {
    for (let want = WINDOW, fresh = false; ; fresh = true) {
      const from = this.at - this.#start;
      const inside = from >= 0 && from < this.#window.length;
      const seen = inside ? seeGroup(this.#window, from, this.at, this.#mark) : undefined;
      if (seen?.is === 'whole') {
        this.at = this.#start + seen.end;
        return { is: 'group', head: seen.head, lines: this.#window.subarray(seen.body, seen.end), end: this.at };
      }
      if (seen?.is === 'bad' && fresh) return seen; // else the bytes may be from before the writer took a group back
      if (seen?.is === 'short') want = Math.max(want, seen.need);
      const before = inside && seen?.is === 'short' ? this.#window.length - from : 0;
      await this.#load(this.at, want);
      if (seen?.is === 'bad') continue;
      if (this.#window.length <= before) return { is: before === 0 ? 'end' : 'short' };
    }
  }

  /** Where the first whole group behind byte `from` begins, or undefined when there is none. `at` is not moved. */
  async find(from: number): Promise<number | undefined> {
    for (let start = from; ; ) {
      await this.#load(start, WINDOW + MAX_CONTROL_LINE + MAX_GROUP);
      if (this.#window.length === 0) return undefined;
      const last = this.#window.length < WINDOW + MAX_CONTROL_LINE + MAX_GROUP;
      for (let i = nextGroup(this.#window, 0, this.#mark); i >= 0; i = nextGroup(this.#window, i, this.#mark)) {
        if (!last && i > WINDOW) break;
        if (seeGroup(this.#window, i, start + i, this.#mark).is === 'whole') return start + i;
      }
      if (last) return undefined;
      start += WINDOW;
    }
  }

  /** Bytes of the segment from `start` on into a new window. */
  async #load(start: number, length: number): Promise<void> {
    const room = Buffer.allocUnsafeSlow(length);
    this.#window = room.subarray(0, await this.#file.read(room, start));
    this.#start = start;
  }
}
