/** Finds the row that the person wants to be taken to, but for hits, which may be folded. */
import type { Hits } from './hits.ts';
import type { Lens } from './lens.ts';
import type { Store } from './store.ts';
import { nextBookmark, nextGrave, nextRow, positionOf } from './survey.ts';
import { RAIL, type Ask } from './talk.ts';

type Seek = Extract<Ask, { ask: 'seek' }>;
export type Answer = { row: number | undefined; why?: string };

/** The number of the row, or why there is none. */
export function seekRow(ask: Seek, lens: Lens, find: Hits | undefined, store: Store, bookmarks: ReadonlySet<number>): Answer {
  const { what, row, forward } = ask;
  if (what === 'time') return seekTime(lens, ask.time ?? 0);
  if (what === 'position') return seekPosition(lens, ask.position ?? 0);
  if (what === 'line') {
    const position = positionOf(store.chunks, ask.id ?? '', ask.run ?? '', ask.n ?? 0);
    return position === undefined ? { row: undefined, why: 'not held' } : seekPosition(lens, position);
  }
  if (what === 'bookmark') return orNone(nextBookmark(lens, bookmarks, row, forward), forward);
  return orNone(nextGrave(lens, find, what === 'error' ? RAIL.error : RAIL.warning, row, forward), forward);
}

export function orNone(row: number | undefined, forward: boolean): Answer {
  return row === undefined ? { row, why: forward ? 'none below' : 'none above' } : { row };
}

/** The first row of that time or later; the last one where all are earlier. */
function seekTime(lens: Lens, time: number): Answer {
  const row = nextRow(lens, lens.base - 1, true, ({ chunk, rows }, i) => (chunk.ts[rows[i] as number] as number) >= time);
  if (row !== undefined) return { row };
  return lens.end > lens.base ? { row: lens.end - 1, why: 'all are earlier' } : { row: undefined, why: 'no rows' };
}

/** The row at a position, or the one after it where that is hidden or stood for by another. */
function seekPosition(lens: Lens, position: number): Answer {
  const number = lens.numberOf(position);
  const at = lens.at(number);
  if (at && at.chunk.first + at.row === position) return { row: number };
  if (lens.end === lens.base) return { row: undefined, why: 'hidden' };
  return { row: Math.min(number, lens.end - 1), why: 'hidden' };
}
