/** A batch: some entries of the feed as they are sent, NDJSON, and where each of them stands. Once made only its traits change, from unknown to known. */

/** What an entry is: a record, a line that was no record, or a mark (`lost`, `end`). */
export const KIND = { line: 0, unframed: 1, mark: 2 } as const;
export type Kind = (typeof KIND)[keyof typeof KIND];

/** Memory a batch takes besides its bytes and index: objects and views, roughly, as measured. */
const OVERHEAD = 1024;
const PER_ENTRY = 16; // three offsets, stream, kind, traits
/** Entries of a batch are numbered in 16 bits where they name their stream. */
export const MAX_COUNT = 65_535;
const COLON = 0x3a;
const MSG_LENGTH = ',"msg":"'.length;

/**
 * Entries `first` to `first + count - 1`. All views are of one buffer, so that a batch is copied to another thread by that alone.
 * Offsets are into `bytes`; an entry's line ends with its newline at `ends[i] - 1`.
 */
export class Batch {
  readonly first: number;
  readonly count: number;
  /** When its first entry arrived, ms. */
  readonly ts: number;
  /** How many entries are marks. */
  readonly marks: number;
  /** The streams in it; `streams[i]` is an index into them. */
  readonly ids: string[];
  readonly buffer: ArrayBuffer;
  readonly ends: Uint32Array;
  /** The inside of msg, still escaped: from msgs[2i] to msgs[2i + 1]. Equal for marks. */
  readonly msgs: Uint32Array;
  readonly streams: Uint16Array;
  readonly kinds: Uint8Array;
  /** What is told of each, as a digit of level.ts, `0` for marks; 0 until it is noted. */
  readonly traits: Uint8Array;
  readonly bytes: Buffer;
  /** Whether the traits of all are noted. */
  noted = false;

  constructor(at: { first: number; count: number; ts: number; marks: number; ids: string[] }, buffer: ArrayBuffer) {
    this.first = at.first;
    this.count = at.count;
    this.ts = at.ts;
    this.marks = at.marks;
    this.ids = at.ids;
    this.buffer = buffer;
    this.ends = new Uint32Array(buffer, 0, at.count);
    this.msgs = new Uint32Array(buffer, 4 * at.count, 2 * at.count);
    this.streams = new Uint16Array(buffer, 12 * at.count, at.count);
    this.kinds = new Uint8Array(buffer, 14 * at.count, at.count);
    this.traits = new Uint8Array(buffer, 15 * at.count, at.count);
    this.bytes = Buffer.from(buffer, PER_ENTRY * at.count);
  }

  /** Number of the entry after the last. */
  get next(): number {
    return this.first + this.count;
  }

  /** Bytes of memory it takes. */
  get cost(): number {
    return this.buffer.byteLength + OVERHEAD + 16 * this.ids.length;
  }

  /** Where the line of entry i of this batch begins. */
  start(i: number): number {
    return i === 0 ? 0 : (this.ends[i - 1] as number);
  }

  id(i: number): string {
    return this.ids[this.streams[i] as number] as string;
  }

  /** The time that entry i has, ms: it stands before the msg, and ends a mark. */
  time(i: number): number {
    const { bytes } = this;
    const end = this.kinds[i] === KIND.mark ? (this.ends[i] as number) - 2 : (this.msgs[2 * i] as number) - MSG_LENGTH;
    let from = end;
    while (bytes[from - 1] !== COLON) from--;
    let ms = 0;
    for (let at = from; at < end; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit < 0 || digit > 9) return Number(bytes.toString('latin1', from, end)); // before 1970, or `1e12`
      ms = ms * 10 + digit;
    }
    return ms;
  }
}

/** Puts entries together to a batch. Its room is used again for the next one. */
export class BatchBuilder {
  count = 0;
  marks = 0;
  /** Bytes of the lines so far. */
  length = 0;
  ts = 0;
  #bytes = Buffer.alloc(0);
  #ends = new Uint32Array(64);
  #msgs = new Uint32Array(128);
  #streams = new Uint16Array(64);
  #kinds = new Uint8Array(64);
  #ids: string[] = [];
  #indexOf = new Map<string, number>();
  #lastId = '';
  #lastIndex = 0;

  /** Copy bytes[start, end), whole lines, behind what is there. The entries in it are to be noted next. Returns where they begin. */
  append(bytes: Uint8Array, start: number, end: number): number {
    const at = this.length;
    const need = at + end - start;
    if (need > this.#bytes.length) {
      const more = Buffer.allocUnsafeSlow(Math.max(need, 2 * this.#bytes.length, 65_536));
      more.set(this.#bytes.subarray(0, at));
      this.#bytes = more;
    }
    this.#bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.length = need;
    return at;
  }

  /** Note the next entry: its line ends at `end` (behind its newline), its msg is from..to, all in this batch. */
  note(id: string, kind: Kind, from: number, to: number, end: number): void {
    const i = this.count;
    if (i === this.#ends.length) this.#grow();
    this.#ends[i] = end;
    this.#msgs[2 * i] = from;
    this.#msgs[2 * i + 1] = to;
    this.#streams[i] = id === this.#lastId ? this.#lastIndex : this.#index(id);
    this.#kinds[i] = kind;
    if (kind === KIND.mark) this.marks++;
    this.count = i + 1;
  }

  /** The batch, to begin with entry `first`. The builder is empty then. */
  take(first: number): Batch {
    const { count, ts, marks } = this;
    const buffer = new ArrayBuffer(PER_ENTRY * count + this.length);
    const batch = new Batch({ first, count, ts, marks, ids: this.#ids }, buffer);
    batch.ends.set(this.#ends.subarray(0, count));
    batch.msgs.set(this.#msgs.subarray(0, 2 * count));
    batch.streams.set(this.#streams.subarray(0, count));
    batch.kinds.set(this.#kinds.subarray(0, count));
    batch.bytes.set(this.#bytes.subarray(0, this.length));
    this.count = this.marks = this.length = 0;
    this.#ids = [];
    this.#indexOf = new Map();
    this.#lastId = '';
    return batch;
  }

  #index(id: string): number {
    let index = this.#indexOf.get(id);
    if (index === undefined) {
      index = this.#ids.push(id) - 1;
      this.#indexOf.set(id, index);
    }
    this.#lastId = id;
    this.#lastIndex = index;
    return index;
  }

  #grow(): void {
    const grown = <T extends Uint32Array | Uint16Array | Uint8Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    const size = 2 * this.#ends.length;
    this.#ends = grown(new Uint32Array(size), this.#ends);
    this.#msgs = grown(new Uint32Array(2 * size), this.#msgs);
    this.#streams = grown(new Uint16Array(size), this.#streams);
    this.#kinds = grown(new Uint8Array(size), this.#kinds);
  }
}

/** One batch of several that follow one another; it takes the time of the first. */
export function joinBatches(batches: readonly Batch[]): Batch {
  const builder = new BatchBuilder();
  builder.ts = batches[0]?.ts ?? 0;
  for (const batch of batches) {
    const at = builder.append(batch.bytes, 0, batch.bytes.length);
    for (let i = 0; i < batch.count; i++) {
      const from = at + (batch.msgs[2 * i] as number);
      const to = at + (batch.msgs[2 * i + 1] as number);
      builder.note(batch.id(i), batch.kinds[i] as Kind, from, to, at + (batch.ends[i] as number));
    }
  }
  const joined = builder.take(batches[0]?.first ?? 1);
  for (const batch of batches) joined.traits.set(batch.traits, batch.first - joined.first);
  joined.noted = batches.every(({ noted }) => noted);
  return joined;
}
