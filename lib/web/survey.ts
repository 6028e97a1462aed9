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

/** RAIL bits of a row by its level. */
function graveOf(chunk: Chunk, row: number): number {
  const traits = chunk.traits[row] as number;
  if (!isLine(chunk.kinds[row] as number) || (traits & TRAIT.goesOn) !== 0) return 0;
  const level = traits & TRAIT.level;
  return level >= LEVEL.error ? RAIL.error : level === LEVEL.warn ? RAIL.warning : 0;
}

/** The hits among the lines of a piece that are shown or that rows stand for, with the index of that row, or of the nearest before it. */
function eachHit(lens: Lens, { chunk, from, to, rows, count }: Piece, find: Hits | undefined, each: (row: number, index: number) => void): void {
  const bits = find?.bitsOf(chunk);
  let i = 0;
  for (let row = from; bits && row < to; row++) {
    if (!hasBit(bits, row)) continue;
    while (i < count && (rows[i] as number) < row) i++;
    const shown = i < count && rows[i] === row;
    if (shown ? isLine(chunk.kinds[row] as number) : lens.folds && lens.has(chunk, row)) each(row, shown ? i : Math.max(0, i - 1));
  }
}

/** The marks of a piece: index of a row, and RAIL bits. */
function eachMark(lens: Lens, piece: Piece, find: Hits | undefined, each: (index: number, bits: number) => void): void {
  for (let i = 0; i < piece.count; i++) {
    const own = graveOf(piece.chunk, piece.rows[i] as number);
    if (own !== 0) each(i, own);
  }
  eachHit(lens, piece, find, (_, i) => each(i, RAIL.hit));
}

/** Hits of a piece and RAIL bits of all its rows: looked at again only when rows or hits have come. */
function surveyOf(lens: Lens, piece: Piece, find: Hits | undefined): Survey {
  const { first, count } = piece.chunk;
  const tried = (position: number): number => Math.max(0, Math.min(count, position - first));
  const [low, high] = find ? [tried(find.low), tried(find.high)] : [0, 0];
  const old = piece.survey;
  if (old && old.of === find && old.count === piece.count && old.to === piece.to && old.low === low && old.high === high) return old;
  const slices = new Uint8Array(Math.ceil(piece.count / SLICE) || 1);
  let [hits, rail] = [0, 0];
  eachMark(lens, piece, find, (i, own) => {
    rail |= own;
    slices[(i / SLICE) | 0] = (slices[(i / SLICE) | 0] as number) | own;
    if (own === RAIL.hit) hits++;
  });
  piece.survey = { count: piece.count, to: piece.to, low, high, of: find, hits, rail, slices };
  return piece.survey;
}

/** How many hits there are. */
export function countHits(lens: Lens, find: Hits | undefined): number {
  if (!find) return 0;
  let sum = 0;
  for (const piece of lens.pieces) sum += surveyOf(lens, piece, find).hits;
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
    const { rail, slices } = surveyOf(lens, piece, find);
    const put = (index: number, bits: number): void => {
      const bin = binOf(piece.start + index);
      bins[bin] = (bins[bin] as number) | bits;
    };
    if (rail === 0) continue;
    if (fine) eachMark(lens, piece, find, put);
    else slices.forEach((bits, i) => put(i * SLICE, bits));
  }
  for (const position of bookmarks) {
    const number = lens.numberOf(position);
    const at = lens.at(number);
    if (at && at.chunk.first + at.row === position) bins[binOf(number)] = (bins[binOf(number)] as number) | RAIL.bookmark;
  }
  return bins.some((bin) => bin !== 0) ? bins : new Uint8Array(0);
}

/** The number of the next row beyond `row` that has one of these RAIL bits by its level; undefined if there is none. */
export function nextGrave(lens: Lens, find: Hits | undefined, wanted: number, row: number, forward: boolean): number | undefined {
  const is = (piece: Piece, i: number): boolean => (graveOf(piece.chunk, piece.rows[i] as number) & wanted) !== 0;
  return nextRow(lens, row, forward, is, (piece) => (surveyOf(lens, piece, find).rail & wanted) !== 0);
}

/** The position of the next hit beyond that of the row `row`, which may be folded under another row; undefined if there is none. */
export function nextHit(lens: Lens, find: Hits | undefined, row: number, forward: boolean): number | undefined {
  const here = lens.at(row);
  const start = here ? here.chunk.first + here.row : row < lens.base ? -Infinity : Infinity;
  for (const piece of forward ? lens.pieces : lens.pieces.toReversed()) {
    const { first } = piece.chunk;
    if ((forward ? first + piece.to <= start : first + piece.from >= start) || surveyOf(lens, piece, find).hits === 0) continue;
    let found: number | undefined;
    eachHit(lens, piece, find, (at) => {
      if (forward ? first + at > start && found === undefined : first + at < start) found = first + at;
    });
    if (found !== undefined) return found;
  }
  return undefined;
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

/** How many hits there are before a position. */
export function hitsBefore(lens: Lens, find: Hits | undefined, position: number): number {
  let sum = 0;
  for (const piece of lens.pieces) {
    const { first } = piece.chunk;
    if (first + piece.to <= position) sum += surveyOf(lens, piece, find).hits;
    else if (first + piece.from < position) eachHit(lens, piece, find, (row) => first + row < position && sum++);
  }
  return sum;
}

/** The position of the row that a line is folded under: the nearest one before it of its stream. */
export function headOf(lens: Lens, id: string, position: number): number | undefined {
  for (let number = lens.numberOf(position) - 1; number >= lens.base; number--) {
    const at = lens.at(number);
    const label = at?.chunk.label(at.row);
    if (at && label?.id === id && isLine(label.kind)) return at.chunk.first + at.row;
  }
  return undefined;
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
