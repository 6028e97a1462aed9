/** The rows that are shown, out of those that are held: a number for each that never changes while rows join at either end. */
import type { Chunk } from './chunk.ts';
import { TRAIT } from './kind.ts';
import { Folds } from './folds.ts';
import { hasBit, type Hits } from './hits.ts';
import { newPiece, pieceOf, type Piece } from './piece.ts';
import { isError, PART, Scope } from './scope.ts';
import { ShapeCounts } from './shape.ts';
import type { Store } from './store.ts';
import type { Choice } from './talk.ts';

let lenses = 0;

export class Lens {
  /** Tells lenses apart: numbers of rows mean nothing in another one. */
  readonly key = ++lenses;
  /** Numbers of the rows shown: [base, end). */
  base = 0;
  end = 0;
  /** Lines of the chosen streams that are held, and those of them that are shown or that shown rows stand for. */
  lines = 0;
  matched = 0;
  readonly pieces: Piece[] = [];
  readonly scope: Scope;
  /** Where rows stand for others or for their surroundings; then rows can join at the newer end only. */
  readonly folds: Folds | undefined;
  shape = new ShapeCounts();

  /** Show what is held and chosen and, where there are filters, what they have let pass so far. `opened` are positions of rows that hide nothing. */
  constructor(store: Store, choice: Choice, hits: Hits | undefined, opened: ReadonlySet<number>) {
    this.scope = new Scope(choice);
    const { repeats, stacks, around } = choice;
    if (repeats || stacks || (around > 0 && hits)) this.folds = new Folds(this, { repeats, stacks, around: hits ? around : 0 }, opened);
    const { length } = store.chunks;
    for (let i = 0; i < length; i++) {
      const chunk = store.chunks[this.folds ? i : length - 1 - i] as Chunk;
      const from = Math.max(0, (hits?.low ?? -Infinity) - chunk.first);
      const to = Math.min(chunk.count, (hits?.high ?? Infinity) - chunk.first);
      if (from < to) this.take(chunk, from, to, hits?.bitsOf(chunk), !this.folds, hits !== undefined);
    }
  }

  /**
   * Rows [from, to) of a chunk come to be known, at the older or the newer end; `bits` are the filters', by row of the chunk. Gives
   * how many of those that are shown are errors.
   */
  take(chunk: Chunk, from: number, to: number, bits: Uint8Array | undefined, older: boolean, filtered: boolean): number {
    const { scope, folds } = this;
    if (scope.misses(chunk)) return 0;
    const piece = older ? this.#head(chunk, from, to) : this.#tail(chunk, from);
    const before = { count: piece.count, lines: piece.lines, matched: piece.matched };
    let errors = 0;
    for (let row = from; row < to; row++) {
      const part = scope.partOf(chunk, row);
      if (part === PART.none) continue;
      let shown = part === PART.note;
      if (!shown) {
        piece.lines++;
        shown = part === PART.line && (!filtered || (bits !== undefined && hasBit(bits, row)));
        if (shown) {
          piece.matched++;
          this.shape.add(chunk.ts[row] as number, (chunk.traits[row] as number) & TRAIT.level);
          if (isError(chunk, row)) errors++;
        }
      }
      if (folds) folds.take(chunk, row, shown);
      else if (shown) piece.rows[piece.count++] = row;
    }
    piece.to = to;
    this.lines += piece.lines - before.lines;
    this.matched += piece.matched - before.matched;
    if (older) {
      this.base -= piece.count;
      piece.start = this.base;
    } else if (!folds) this.end += piece.count - before.count;
    return errors;
  }

  /** A chunk has left the store; it was the oldest. `bits` are as they were for `take`. */
  forget(chunk: Chunk, bits: Uint8Array | undefined, filtered: boolean): void {
    while (this.pieces[0]?.chunk === chunk) {
      const gone = this.pieces.shift() as Piece;
      this.lines -= gone.lines;
      this.matched -= gone.matched;
      this.#count(gone, bits, filtered, (ts, level) => this.shape.remove(ts, level));
      this.base = gone.start + gone.count;
      this.folds?.forget(gone);
    }
  }

  /** Count anew how the lines lie in time; see `ShapeCounts.coarse`. */
  reshape(hits: Hits | undefined): void {
    this.shape = new ShapeCounts();
    for (const piece of this.pieces) {
      this.#count(piece, hits?.bitsOf(piece.chunk), hits !== undefined, (ts, level) => this.shape.add(ts, level));
    }
  }

  /** Where the row of a number is. */
  at(number: number): { chunk: Chunk; row: number; piece: Piece; index: number } | undefined {
    if (number < this.base || number >= this.end) return undefined;
    const piece = this.pieces[pieceOf(this.pieces, number)] as Piece;
    const index = number - piece.start;
    return { chunk: piece.chunk, row: piece.rows[index] as number, piece, index };
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

  /** The lines of a piece that are shown or stood for, by time and level. */
  #count({ chunk, from, to }: Piece, bits: Uint8Array | undefined, filtered: boolean, each: (ts: number, level: number) => void): void {
    for (let row = from; row < to; row++) {
      if (this.scope.partOf(chunk, row) !== PART.line || (filtered && !(bits && hasBit(bits, row)))) continue;
      each(chunk.ts[row] as number, (chunk.traits[row] as number) & TRAIT.level);
    }
  }

  #head(chunk: Chunk, from: number, to: number): Piece {
    const piece = newPiece(chunk, to - from, from, false);
    this.pieces.unshift(piece);
    return piece;
  }

  #tail(chunk: Chunk, from: number): Piece {
    const last = this.pieces.at(-1);
    if (last?.chunk === chunk && last.rows.length === chunk.kinds.length) return last;
    const piece = newPiece(chunk, chunk.kinds.length, from, this.folds !== undefined);
    piece.start = this.end;
    this.pieces.push(piece);
    return piece;
  }
}
