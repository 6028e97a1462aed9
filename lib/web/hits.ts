/** Which rows filters let pass, found from the newest backwards while new ones come in: always one stretch without a hole. */
import type { Chunk } from './chunk.ts';
import type { Store } from './store.ts';
import type { Filter } from './talk.ts';

/** Rows [from, to) of a chunk that are to be tried; `older` tells at which end of the stretch they are. */
export type Stretch = { chunk: Chunk; from: number; to: number; older: boolean };

export class Hits {
  readonly filters: Filter[];
  /** Positions tried: [low, high). */
  low: number;
  high: number;
  readonly #bits = new Map<Chunk, Uint8Array>();
  // What has been given out to be tried; runs ahead of low and high.
  #outLow: number;
  #outHigh: number;
  #rests = false;

  constructor(filters: Filter[], start: number) {
    this.filters = filters;
    this.low = this.high = this.#outLow = this.#outHigh = start;
  }

  /** The next of the rows that have come; undefined while some of them are out. */
  newer(store: Store): Stretch | undefined {
    this.#leave(store);
    if (this.#outHigh !== this.high || this.#outHigh >= store.end) return undefined;
    const chunk = store.chunks[store.indexOf(this.#outHigh)] as Chunk;
    const from = Math.max(0, this.#outHigh - chunk.first);
    this.#outHigh = chunk.first + chunk.count;
    return { chunk, from, to: chunk.count, older: false };
  }

  /** Try no more of the older rows: somebody wants others soon. */
  rest(): void {
    this.#rests = true;
  }

  /** The chunk with the newest of the older rows; undefined where all have been given out. */
  below(store: Store): Chunk | undefined {
    this.#leave(store);
    if (this.#rests || this.#outLow <= store.first) return undefined;
    const at = store.indexOf(this.#outLow - 1);
    const here = store.chunks[at];
    // Room that was left has no rows: then the chunk before it is next.
    return here && here.first < this.#outLow ? here : store.chunks[at - 1];
  }

  /** The rows of that chunk. */
  older(chunk: Chunk): Stretch {
    const to = Math.min(chunk.count, this.#outLow - chunk.first);
    this.#outLow = chunk.first;
    return { chunk, from: 0, to, older: true };
  }

  /** Take the answer for rows that were given out; bit 0 is the first of them. */
  found(stretch: Stretch, bits: Uint8Array): void {
    const { chunk, from, to, older } = stretch;
    let all = this.#bits.get(chunk);
    if (!all) this.#bits.set(chunk, (all = new Uint8Array(chunk.kinds.length / 8)));
    for (let row = from; row < to; row++) {
      if (hasBit(bits, row - from)) all[row >> 3] = (all[row >> 3] as number) | (1 << (row & 7));
    }
    if (older) this.low = chunk.first + from;
    else this.high = chunk.first + to;
  }

  /** What was out will not be answered: give it out again. */
  recall(): void {
    this.#outLow = this.low;
    this.#outHigh = this.high;
  }

  /** Whether the row at a position is known to match. */
  has(store: Store, position: number): boolean {
    const chunk = store.chunkOf(position);
    const bits = chunk && this.bitsOf(chunk);
    return chunk !== undefined && bits !== undefined && hasBit(bits, position - chunk.first);
  }

  /** The matches among the rows of a chunk, one bit a row; undefined if none was tried. */
  bitsOf(chunk: Chunk): Uint8Array | undefined {
    return this.#bits.get(chunk);
  }

  forget(chunk: Chunk): void {
    this.#bits.delete(chunk);
  }

  done(store: Store): boolean {
    return this.low <= store.first && this.high >= store.end;
  }

  /** How much of what is held has been tried, 0 to 1. */
  progress(store: Store): number {
    const all = store.end - store.first;
    return all === 0 ? 1 : Math.min(1, Math.max(0, this.high - Math.max(this.low, store.first)) / all);
  }

  /** Rows that have left the store need not be tried. */
  #leave(store: Store): void {
    if (this.#outHigh >= store.first) return;
    this.low = this.high = this.#outLow = this.#outHigh = store.first;
  }
}

export function hasBit(bits: Uint8Array, i: number): boolean {
  return ((bits[i >> 3] as number) & (1 << (i & 7))) !== 0;
}
