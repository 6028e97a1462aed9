/** The live feed as a client gets it: a number that walks through the ring, and the control lines around what it passes. */
import type { Batch } from './batch.ts';
import { linesOf, select, type Selection, startOfLast } from './select.ts';
import type { Ring } from './ring.ts';
import type { Traits } from './traits.ts';

/** Where a feed begins: after an entry that the client has, or with the last so many that are held; and the last entry that is wanted. */
export type Start = ({ after: { epoch: string; seq: number } } | { lines: number }) & { until?: number };

/** A client that was too slow for what is held goes on with so many of the newest entries: what it missed can be asked for later. */
const AFRESH = 10_000;

/** Parts of one message: whole lines. */
export type Parts = Buffer[];

const line = (fields: Record<string, unknown>): Buffer => Buffer.from(`${JSON.stringify(fields)}\n`);

/** One client's way through the ring. It holds no entries, so a client that is slow or gone costs nothing. */
export class Feed {
  readonly #ring: Ring;
  readonly #traits: Traits;
  readonly #epoch: string;
  readonly #selection: Selection;
  readonly #until: number;
  #next: number;
  #began = false;

  /** `epoch` names this life of the server; a client that comes with another one has seen none of these entries. */
  constructor(ring: Ring, traits: Traits, epoch: string, start: Start, ids?: Selection['ids']) {
    this.#ring = ring;
    this.#traits = traits;
    this.#epoch = epoch;
    this.#selection = { ids, marks: true };
    this.#until = start.until ?? Infinity;
    if ('lines' in start) this.#next = startOfLast(ring, start.lines, this.#selection);
    else this.#next = start.after.epoch === epoch ? Math.min(start.after.seq + 1, ring.next) : 1;
  }

  /** The first line. */
  hello(version: string, now: number): Parts {
    return [line({ '@': 'hello', epoch: this.#epoch, version, now })];
  }

  /** The line that tells an idle client that the server is there, and how far it is with the entries. */
  beat(now: number): Parts {
    return [line({ '@': 'beat', now, at: this.#at(this.#next - 1) })];
  }

  /** What comes next, undefined when the client has everything there is. */
  read(): Parts | undefined {
    const began = this.#began;
    this.#began = true;
    if (this.over) return undefined;
    if (this.#next < this.#ring.first) return this.#skip(this.#whereToGoOn(began), began ? 'slow' : 'gone');
    for (let batch = this.#ring.batchOf(this.#next); batch && !this.over; batch = this.#ring.batchOf(this.#next)) {
      this.#traits.note(batch);
      const from = this.#next - batch.first;
      const last = this.#until - batch.first;
      const chosen = select(batch, from, this.#selection)?.filter((i) => i <= last);
      this.#next = batch.next;
      if (!chosen) return this.#whole(batch, from);
      if (chosen.length > 0) return this.#some(batch, chosen);
    }
    return undefined;
  }

  /** Whether it ends of itself. */
  get finite(): boolean {
    return this.#until < Infinity;
  }

  /** Whether the last entry that is wanted has been passed. */
  get over(): boolean {
    return this.#next > this.#until;
  }

  /** What had gone before the client came cannot be had; one that is too slow would fall behind again and again. */
  #whereToGoOn(slow: boolean): number {
    const { first } = this.#ring;
    const to = slow && this.#until === Infinity ? Math.max(first, startOfLast(this.#ring, AFRESH, this.#selection)) : first;
    return Math.min(to, this.#until + 1);
  }

  #at(seq: number): string {
    return `${this.#epoch}.${seq}`;
  }

  #skip(to: number, why: 'slow' | 'gone'): Parts {
    const from = this.#next;
    this.#next = to;
    return [line({ '@': 'skip', from: this.#at(from), to: this.#at(to - 1), count: to - from, why })];
  }

  #whole(batch: Batch, from: number): Parts {
    const count = Math.min(batch.count, this.#until - batch.first + 1) - from;
    const traits = Buffer.from(batch.traits.subarray(from, from + count)).toString('latin1');
    const head = { '@': 'batch', at: this.#at(batch.first + from), count, ts: batch.ts, traits };
    const seqs = this.#selection.ids && Array.from({ length: count }, (_, i) => batch.first + from + i);
    return [line(seqs ? { ...head, seqs } : head), batch.bytes.subarray(batch.start(from), batch.ends[from + count - 1])];
  }

  #some(batch: Batch, chosen: readonly number[]): Parts {
    const seqs = chosen.map((i) => batch.first + i);
    const traits = Buffer.from(chosen.map((i) => batch.traits[i] as number)).toString('latin1');
    return [line({ '@': 'batch', at: this.#at(seqs[0] as number), count: seqs.length, ts: batch.ts, traits, seqs }), linesOf(batch, chosen)];
  }
}
