/** What is marked among the rows of a lens: found by the find box, errors, warnings, bookmarks; counted, as a rail, and the next one. */
import { LEVEL } from '../level.ts';
import type { Chunk } from './chunk.ts';
import { isLine, TRAIT } from './kind.ts';
import { hasBit, type Hits } from './hits.ts';
import type { Lens } from './lens.ts';
import { pieceOf, type Piece, type Survey } from './piece.ts';
import { RAIL } from './talk.ts';

/** The most bins of a rail: more than a scroll bar has pixels for. */
const MAX_BINS = 400;
/** Rows of a piece that are noted together. */
const SLICE = 64;

/** RAIL bits of a row, and whether it is a hit. */
function railOf(chunk: Chunk, row: number, bits: Uint8Array | undefined): number {
  if (!isLine(chunk.kinds[row] as number)) return 0;
  const traits = chunk.traits[row] as number;
  const level = (traits & TRAIT.goesOn) === 0 ? traits & TRAIT.level : LEVEL.none;
  const grave = level >= LEVEL.error ? RAIL.error : level === LEVEL.warn ? RAIL.warning : 0;
  return bits !== undefined && hasBit(bits, row) ? grave | RAIL.hit : grave;
}

/** Hits among the rows of a piece and RAIL bits of all of them: looked at again only when rows or hits have come. */
function surveyOf(piece: Piece, find: Hits | undefined): Survey {
  const { first, count } = piece.chunk;
  const tried = (position: number): number => Math.max(0, Math.min(count, position - first));
  const [low, high] = find ? [tried(find.low), tried(find.high)] : [0, 0];
  const old = piece.survey;
  if (old && old.of === find && old.count === piece.count && old.low === low && old.high === high) return old;
  const bits = find?.bitsOf(piece.chunk);
  const slices = new Uint8Array(Math.ceil(piece.count / SLICE));
  let [hits, rail] = [0, 0];
  for (let i = 0; i < piece.count; i++) {
    const own = railOf(piece.chunk, piece.rows[i] as number, bits);
    rail |= own;
    slices[(i / SLICE) | 0] = (slices[(i / SLICE) | 0] as number) | own;
    if ((own & RAIL.hit) !== 0) hits++;
  }
  piece.survey = { count: piece.count, low, high, of: find, hits, rail, slices };
  return piece.survey;
}

/** How many of the rows shown are hits. */
export function countHits(lens: Lens, find: Hits | undefined): number {
  if (!find) return 0;
  let sum = 0;
  for (const piece of lens.pieces) sum += surveyOf(piece, find).hits;
  return sum;
}

/** The rows in equal bins, each with the RAIL bits of its rows; empty where none has any. */
export function railBins(lens: Lens, find: Hits | undefined, bookmarks: ReadonlySet<number>): Uint8Array {
  const rows = lens.end - lens.base;
  const bins = new Uint8Array(Math.min(MAX_BINS, rows));
  const binOf = (number: number): number => Math.min(bins.length - 1, Math.floor(((number - lens.base) * bins.length) / rows));
  // Where a bin has fewer rows than a slice each row is looked at; there are not many then.
  const fine = rows < bins.length * SLICE;
  for (const piece of lens.pieces) {
    const { rail, slices } = surveyOf(piece, find);
    if (rail === 0) continue;
    if (fine) putRows(bins, binOf, piece, find);
    else slices.forEach((slice, i) => (bins[binOf(piece.start + i * SLICE)] = (bins[binOf(piece.start + i * SLICE)] as number) | slice));
  }
  for (const position of bookmarks) {
    const number = lens.numberOf(position);
    const at = lens.at(number);
    if (at && at.chunk.first + at.row === position) bins[binOf(number)] = (bins[binOf(number)] as number) | RAIL.bookmark;
  }
  return bins.some((bin) => bin !== 0) ? bins : new Uint8Array(0);
}

function putRows(bins: Uint8Array, binOf: (number: number) => number, piece: Piece, find: Hits | undefined): void {
  const bits = find?.bitsOf(piece.chunk);
  for (let i = 0; i < piece.count; i++) {
    const own = railOf(piece.chunk, piece.rows[i] as number, bits);
    if (own === 0) continue;
    const bin = binOf(piece.start + i);
    bins[bin] = (bins[bin] as number) | own;
  }
}

/** The number of the next row beyond `row` that has one of these RAIL bits; undefined if there is none. */
export function nextMarked(lens: Lens, find: Hits | undefined, wanted: number, row: number, forward: boolean): number | undefined {
  return nextRow(lens, row, forward, (piece, i) => (railOf(piece.chunk, piece.rows[i] as number, find?.bitsOf(piece.chunk)) & wanted) !== 0, (piece) => {
    return (surveyOf(piece, find).rail & wanted) !== 0;
  });
}

/** The number of the next row beyond `row` for which `is` holds; pieces for which `may` does not hold are passed over. */
export function nextRow(
  lens: Lens, row: number, forward: boolean, is: (piece: Piece, index: number) => boolean, may: (piece: Piece) => boolean = () => true,
): number | undefined {
  const { pieces } = lens;
  if (pieces.length === 0 || lens.end === lens.base) return undefined;
  const step = forward ? 1 : -1;
  const start = Math.max(lens.base - 1, Math.min(lens.end, row)) + step;
  if (start < lens.base || start >= lens.end) return undefined;
  for (let p = pieceOf(pieces, start); p >= 0 && p < pieces.length; p += step) {
    const piece = pieces[p] as Piece;
    if (piece.count === 0 || !may(piece)) continue;
    const first = forward ? Math.max(0, start - piece.start) : Math.min(piece.count - 1, start - piece.start);
    for (let i = first; i >= 0 && i < piece.count; i += step) if (is(piece, i)) return piece.start + i;
  }
  return undefined;
}

/** Which of the hits a row is, from 0; hits before it where it is none. */
export function indexOfHit(lens: Lens, find: Hits | undefined, row: number): number {
  let sum = 0;
  for (const piece of lens.pieces) {
    if (piece.start + piece.count <= row) {
      sum += surveyOf(piece, find).hits;
      continue;
    }
    const bits = find?.bitsOf(piece.chunk);
    for (let i = 0; i < row - piece.start && i < piece.count; i++) {
      if ((railOf(piece.chunk, piece.rows[i] as number, bits) & RAIL.hit) !== 0) sum++;
    }
    return sum;
  }
  return sum;
}

/** The number of the bookmark next to `row`. */
export function nextBookmark(lens: Lens, bookmarks: ReadonlySet<number>, row: number, forward: boolean): number | undefined {
  let best: number | undefined;
  for (const position of bookmarks) {
    const number = lens.numberOf(position);
    const at = lens.at(number);
    if (!at || at.chunk.first + at.row !== position || (forward ? number <= row : number >= row)) continue;
    if (best === undefined || (forward ? number < best : number > best)) best = number;
  }
  return best;
}

/** The position of the line that is the n-th of a run of a stream; undefined if it is not held. */
export function positionOf(chunks: readonly Chunk[], id: string, run: string, n: number): number | undefined {
  for (let c = chunks.length - 1; c >= 0; c--) {
    const chunk = chunks[c] as Chunk;
    if (!chunk.names.includes(id)) continue;
    for (let row = 0; row < chunk.count; row++) {
      if (chunk.ns[row] !== n) continue;
      const label = chunk.label(row);
      if (label.id === id && label.run === run && isLine(label.kind)) return chunk.first + row;
    }
  }
  return undefined;
}
