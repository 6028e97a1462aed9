/** The rows shown of one chunk. */
import type { Chunk } from './chunk.ts';

export type Piece = {
  readonly chunk: Chunk;
  /** Rows of the chunk that were looked at: [from, to). */
  from: number;
  to: number;
  /** Those that are shown; the first has number `start`. */
  rows: Uint16Array;
  count: number;
  start: number;
  /** Where rows stand for others: how many equal lines, how many lines folded under it, and FLAG bits, for each row shown. */
  more: { repeats: Uint32Array; folded: Uint32Array; flags: Uint8Array } | undefined;
  /** The first row, and how many, that a row of an earlier piece stands for as equal to it. */
  lead: { row: number; count: number } | undefined;
  /** What was last found out about the rows; see survey.ts. */
  survey: Survey | undefined;
};

/** Hits among the rows and RAIL bits of all of them and of stretches of them, as long as rows and hits are those that it was made of. */
export type Survey = { count: number; to: number; low: number; high: number; of: object | undefined; hits: number; rail: number; slices: Uint8Array };

/** Shown only as surroundings; opened by the person. */
export const FLAG = { context: 1, opened: 2 } as const;

/** A piece for so many rows of a chunk, which will be looked at from `from` on; `folding` where rows may stand for others. */
export function newPiece(chunk: Chunk, size: number, from: number, folding: boolean): Piece {
  const more = folding ? { repeats: new Uint32Array(size), folded: new Uint32Array(size), flags: new Uint8Array(size) } : undefined;
  return { chunk, from, to: from, rows: new Uint16Array(size), count: 0, start: 0, more, lead: undefined, survey: undefined };
}

/** Index of the piece that has the row of a number, which must be one of those shown. */
export function pieceOf(pieces: readonly Piece[], number: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle] as Piece).start <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}
