/** What lm-serve holds: the newest batches that fit into a bound of memory. Readers keep a number of their own, nothing is queued. */
import { type Batch, joinBatches } from './batch.ts';

/** Small batches stay apart this long, so that those who follow get each as it came. */
const FRESH = 64;
const COMPACT_AT = 256;
const JOINED_BYTES = 256 * 1024;
const JOINED_MS = 60_000;

/**
 * Batches in order of their entries' numbers, without holes, from 1 on. What it holds takes at most `limit` bytes with its overhead;
 * beyond that the oldest batch goes, whole. The newest is always held.
 */
export class Ring {
  /** Entries that were dropped to make room. */
  dropped = 0;
  /** Bytes held, with overhead. */
  bytes = 0;
  readonly limit: number;
  #batches: Batch[] = [];
  #settled = 0; // batches before it are not joined any more
  #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Number of the oldest entry held; `next` when none is. */
  get first(): number {
    return this.#batches[0]?.first ?? this.next;
  }

  /** Number that the next entry gets. */
  get next(): number {
    return this.#batches[this.#batches.length - 1]?.next ?? 1;
  }

  /** Entries held. */
  get entries(): number {
    return this.next - this.first;
  }

  /** Batches held. */
  get size(): number {
    return this.#batches.length;
  }

  /** Take in the next batch; its first entry must be `next`. */
  append(batch: Batch): void {
    if (batch.first !== this.next) throw new Error(`batch begins at ${batch.first}, not ${this.next}`);
    this.#batches.push(batch);
    this.bytes += batch.cost;
    if (this.#batches.length - this.#settled > COMPACT_AT) this.#compact();
    while (this.bytes > this.limit && this.size > 1) this.#drop();
    const waiting = this.#waiting;
    this.#waiting = new Set();
    waiting.forEach((wake) => wake());
  }

  /** The batch that holds entry `seq`, undefined when it is not held. */
  batchOf(seq: number): Batch | undefined {
    if (seq < this.first || seq >= this.next) return undefined;
    let low = 0;
    let high = this.#batches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#batches[middle] as Batch).first <= seq) low = middle;
      else high = middle - 1;
    }
    return this.#batches[low];
  }

  /** Call `wake` once, at the next append. Returns what calls it off. */
  onAppend(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => void this.#waiting.delete(wake);
  }

  #drop(): void {
    const batch = this.#batches.shift() as Batch;
    this.bytes -= batch.cost;
    this.dropped += batch.count;
    if (this.#settled > 0) this.#settled--;
  }

  /** Join neighbours that are small and of about the same time: a quiet feed would be mostly overhead otherwise. */
  #compact(): void {
    const fresh = this.#batches.splice(this.#batches.length - FRESH);
    const old = this.#batches.splice(this.#settled);
    let group: Batch[] = [];
    const close = (): void => {
      if (group.length > 1) {
        const joined = joinBatches(group);
        this.bytes += joined.cost - group.reduce((sum, batch) => sum + batch.cost, 0);
        group = [joined];
      }
      this.#batches.push(...group);
      group = [];
    };
    let bytes = 0;
    for (const batch of old) {
      const first = group[0] ?? batch;
      if (bytes + batch.bytes.length > JOINED_BYTES || batch.ts - first.ts > JOINED_MS) {
        close();
        bytes = 0;
      }
      group.push(batch);
      bytes += batch.bytes.length;
    }
    close();
    this.#settled = this.#batches.length;
    this.#batches.push(...fresh);
  }
}
