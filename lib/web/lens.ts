/** The rows that are shown, out of those that are held: a number for each that never changes while rows join at either end. */
import { isLine, type Chunk } from './chunk.ts';
import { hasBit, type Hits } from './hits.ts';
import type { Store } from './store.ts';

/** Shown rows of one chunk; the first has number `start`. */
type Piece = { chunk: Chunk; rows: Uint16Array; count: number; start: number; lines: number; matched: number };

let lenses = 0;

export class Lens {
  /** Tells lenses apart: numbers of rows mean nothing in another one. */
  readonly key = ++lenses;
  /** Numbers of the rows shown: [base, end). */
  base = 0;
  end = 0;
  /** Lines of the chosen streams that are held, and those of them that the filter matched. */
  lines = 0;
  matched = 0;
  readonly #streams: ReadonlySet<string> | undefined;
  readonly #pieces: Piece[] = [];

  /** Show what is held of the streams (all if undefined) and, where there is a filter, what it has matched so far. */
  constructor(store: Store, streams: ReadonlySet<string> | undefined, hits: Hits | undefined) {
    this.#streams = streams;
    for (let i = store.chunks.length - 1; i >= 0; i--) {
      const chunk = store.chunks[i] as Chunk;
      const from = Math.max(0, (hits?.low ?? 0) - chunk.first);
      const to = Math.min(chunk.count, (hits?.high ?? Infinity) - chunk.first);
      if (from < to) this.take(chunk, from, to, hits?.bitsOf(chunk), true, hits !== undefined);
    }
  }

  /** Rows [from, to) of a chunk come to be known, at the older or the newer end; `bits` are the filter's, by row of the chunk. */
  take(chunk: Chunk, from: number, to: number, bits: Uint8Array | undefined, older: boolean, filtered: boolean): void {
    const shownNames = chunk.names.map((name) => name === '' || !this.#streams || this.#streams.has(name));
    if (!shownNames.includes(true)) return;
    const piece = older ? emptyPiece(chunk, to - from) : this.#tail(chunk);
    const before = { count: piece.count, lines: piece.lines, matched: piece.matched };
    for (let row = from; row < to; row++) {
      if (shownNames[chunk.ids[row] as number] !== true) continue;
      if (isLine(chunk.kinds[row] as number)) {
        piece.lines++;
        if (filtered && !(bits && hasBit(bits, row))) continue;
        piece.matched++;
      }
      piece.rows[piece.count++] = row;
    }
    this.lines += piece.lines - before.lines;
    this.matched += piece.matched - before.matched;
    if (older) {
      this.base -= piece.count;
      piece.start = this.base;
      this.#pieces.unshift(piece);
    } else this.end += piece.count - before.count;
  }

  /** A chunk has left the store; it was the oldest. */
  forget(chunk: Chunk): void {
    while (this.#pieces[0]?.chunk === chunk) {
      const gone = this.#pieces.shift() as Piece;
      this.lines -= gone.lines;
      this.matched -= gone.matched;
      this.base = gone.start + gone.count;
    }
  }

  /** Where the row of a number is. */
  at(number: number): { chunk: Chunk; row: number } | undefined {
    if (number < this.base || number >= this.end) return undefined;
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle] as Piece).start <= number) low = middle;
      else high = middle - 1;
    }
    const piece = this.#pieces[low] as Piece;
    return { chunk: piece.chunk, row: piece.rows[number - piece.start] as number };
  }

  /** The number of the first row shown whose position in the store is at least this; `end` if there is none. */
  numberOf(position: number): number {
    let low = this.base;
    let high = this.end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const here = this.at(middle);
      if (here && here.chunk.first + here.row < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #tail(chunk: Chunk): Piece {
    const last = this.#pieces.at(-1);
    if (last?.chunk === chunk && last.rows.length === chunk.kinds.length) return last;
    const piece = emptyPiece(chunk, chunk.kinds.length);
    piece.start = this.end;
    this.#pieces.push(piece);
    return piece;
  }
}

function emptyPiece(chunk: Chunk, size: number): Piece {
  return { chunk, rows: new Uint16Array(size), count: 0, start: 0, lines: 0, matched: 0 };
}
