/** A row of a lens as the page is sent it. */
import type { Level } from '../level.ts';
import type { Chunk } from './chunk.ts';
import { isLine, TRAIT } from './kind.ts';
import type { Lens } from './lens.ts';
import { FLAG } from './piece.ts';
import { ROW_BYTES, type Row } from './talk.ts';

/** How many rows above one are looked at to tell whether its time is before theirs. */
const LATE_WITHIN = 32;
/** The most bytes of a record's further keys that go with a row. */
const MAX_TAIL = 4096;

/** The row of a number; undefined where the lens has none. */
export function rowOf(lens: Lens, at: number): Row | undefined {
  const place = lens.at(at);
  if (!place) return undefined;
  const { chunk, row, piece, index } = place;
  const { kind, id, run, n, ts, traits } = chunk.label(row);
  const flags = piece.more?.flags[index] ?? 0;
  return {
    at, position: chunk.first + row, kind, id, run, n, ts,
    level: (traits & TRAIT.level) as Level,
    more: (traits & TRAIT.more) !== 0,
    text: chunk.text(row, ROW_BYTES),
    rest: Math.max(0, chunk.end(row) - chunk.start(row) - ROW_BYTES),
    tail: chunk.tail(row, MAX_TAIL),
    marks: [],
    found: [],
    repeats: piece.more?.repeats[index] ?? 1,
    folded: piece.more?.folded[index] ?? 0,
    loadable: false,
    opened: (flags & FLAG.opened) !== 0,
    context: (flags & FLAG.context) !== 0,
    late: lens.scope.merged && isLate(lens, at, chunk, row),
  };
}

/** Whether the time of a line is before that of one of the lines shown above it: then their streams reached the server in another order. */
function isLate(lens: Lens, at: number, chunk: Chunk, row: number): boolean {
  if (!isLine(chunk.kinds[row] as number)) return false;
  const ts = chunk.ts[row] as number;
  for (let above = at - 1; above >= Math.max(lens.base, at - LATE_WITHIN); above--) {
    const place = lens.at(above);
    if (place && (place.chunk.ts[place.row] as number) > ts && isLine(place.chunk.kinds[place.row] as number)) return true;
  }
  return false;
}
