/** The rows that are shown, out of those that are held: a number for each that never changes while rows join at either end. */
import { LEVELS } from '../level.ts';
import type { Chunk } from './chunk.ts';
import { isError, TRAIT } from './kind.ts';
import { Folds } from './folds.ts';
import { hasBit, type Hits } from './hits.ts';
import { newPiece, pieceOf, type Piece } from './piece.ts';
import { PART, Scope, type Part } from './scope.ts';
import { ShapeCounts } from './shape.ts';
import type { Store } from './store.ts';
import type { Choice, LevelCounts } from './talk.ts';

let lenses = 0;

export class Lens {
  /** Tells lenses apart: numbers of rows mean nothing in another one. */
  readonly key = ++lenses;
  /** Numbers of the rows shown: [base, end). */
  base = 0;
  end = 0;
  readonly levels: LevelCounts = { held: new Uint32Array(LEVELS), passing: new Uint32Array(LEVELS) };
  readonly pieces: Piece[] = [];
  readonly scope: Scope;
  /** Where rows stand for others or for their surroundings; then rows can join at the newer end only. */
  readonly folds: Folds | undefined;
  shape = new ShapeCounts();
  readonly #hits: Hits | undefined;

  /** Show what is held and chosen and, where there are filters, what they have let pass so far. `opened` are positions of rows that hide nothing, `after` is that of the first not cleared away. */
  constructor(store: Store, choice: Choice, hits: Hits | undefined, opened: ReadonlySet<number>, after?: number) {
    this.scope = new Scope(choice, after);
    this.#hits = hits;
    const { repeats, stacks, around } = choice;
    if (repeats || stacks || (around > 0 && hits)) this.folds = new Folds(this, { repeats, stacks, around: hits ? around : 0 }, opened);
    const { length } = store.chunks;
    for (let i = 0; i < length; i++) {
      const chunk = store.chunks[this.folds ? i : length - 1 - i] as Chunk;
      const from = Math.max(0, (hits?.low ?? -Infinity) - chunk.first);
      const to = Math.min(chunk.count, (hits?.high ?? Infinity) - chunk.first);
      if (from < to) this.take(chunk, from, to, !this.folds);
    }
  }

  /** Lines of the chosen streams that are held, and those of them that are shown or that shown rows stand for. */
  get lines(): number {
    return this.levels.held.reduce((sum, n) => sum + n);
  }

  get matched(): number {
    return this.levels.passing.reduce((sum, n, level) => (this.scope.shows(level) ? sum + n : sum), 0);
  }

  /** Rows [from, to) of a chunk come to be known, at the older or the newer end. Gives how many of those that are shown are errors. */
  take(chunk: Chunk, from: number, to: number, older: boolean): number {
    const { scope, folds, shape } = this;
    const { held, passing } = this.levels;
    if (scope.misses(chunk)) return 0;
    const bits = this.#hits?.bitsOf(chunk);
    const piece = older ? this.#head(chunk, from, to) : this.#tail(chunk, from);
    const { count } = piece;
    let errors = 0;
    for (let row = from; row < to; row++) {
      const part = this.#partOf(chunk, row, bits);
      if (part === PART.none) continue;
      if (part !== PART.note) {
        const level = (chunk.traits[row] as number) & TRAIT.level;
        (held[level] as number)++;
        if (part >= PART.off) (passing[level] as number)++;
        if (part === PART.line) {
          shape.add(chunk.ts[row] as number, level);
          if (isError(chunk.traits[row] as number)) errors++;
        }
      }
      const shown = part === PART.line || part === PART.note;
      if (folds) folds.take(chunk, row, shown);
      else if (shown) piece.rows[piece.count++] = row;
    }
    piece.to = to;
    if (older) {
      this.base -= piece.count;
      piece.start = this.base;
    } else if (!folds) this.end += piece.count - count;
    return errors;
  }

  /** A chunk has left the store; it was the oldest, and what the filters know of it is still known. */
  forget(chunk: Chunk): void {
    const { held, passing } = this.levels;
    while (this.pieces[0]?.chunk === chunk) {
      const gone = this.pieces.shift() as Piece;
      this.#each(gone, (ts, level, part) => {
        (held[level] as number)--;
        if (part >= PART.off) (passing[level] as number)--;
        if (part === PART.line) this.shape.remove(ts, level);
      });
      this.base = gone.start + gone.count;
      this.folds?.forget(gone);
    }
  }

  /** Count anew how the lines lie in time; see `ShapeCounts.coarse`. */
  reshape(): void {
    this.shape = new ShapeCounts();
    for (const piece of this.pieces) this.#each(piece, (ts, level, part) => part === PART.line && this.shape.add(ts, level));
  }

  /** Whether a line is shown, or shown rows stand for it. */
  has(chunk: Chunk, row: number): boolean {
    return this.#partOf(chunk, row, this.#hits?.bitsOf(chunk)) === PART.line;
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

  /** What a row is by the scope and by the filters, which have `bits` of its chunk. */
  #partOf(chunk: Chunk, row: number, bits: Uint8Array | undefined): Part {
    const part = this.scope.partOf(chunk, row);
    if (part < PART.off || !this.#hits) return part;
    return bits !== undefined && hasBit(bits, row) ? part : PART.hidden;
  }

  /** The lines of a piece that are the pane's business. */
  #each({ chunk, from, to }: Piece, each: (ts: number, level: number, part: Part) => void): void {
    const bits = this.#hits?.bitsOf(chunk);
    for (let row = from; row < to; row++) {
      const part = this.#partOf(chunk, row, bits);
      if (part > PART.note) each(chunk.ts[row] as number, (chunk.traits[row] as number) & TRAIT.level, part);
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
