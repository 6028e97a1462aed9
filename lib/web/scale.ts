/** Where the scroll bar's thumb stands for a row, and back: browsers end a scroll area at some 33 million pixels, logs do not. */

/** The highest scroll area used: below the limit of every browser, zoomed as well. */
export const MAX_HEIGHT = 10_000_000;

/** The shape of what is scrolled: rows, their average height, and the height of the window onto them, in pixels. */
export type Shape = { rows: number; rowHeight: number; window: number };

/** Height of the scroll area. */
export function areaHeight({ rows, rowHeight, window }: Shape): number {
  return Math.max(window, Math.min(rows * rowHeight, MAX_HEIGHT));
}

/** The last row that can stand at the top, as a fraction of rows: below it the window would not be full. */
function lastTop({ rows, rowHeight, window }: Shape): number {
  return Math.max(0, rows - window / rowHeight);
}

/** Where the area is scrolled to when the row (counted from 0, with the part of it above the edge) is at the top. */
export function scrollOf(row: number, shape: Shape): number {
  const range = areaHeight(shape) - shape.window;
  const last = lastTop(shape);
  if (last === 0 || range === 0) return 0;
  const scroll = Math.min(1, row / last) * range;
  // Off the ends by a pixel unless it is at an end, so that there is always somewhere to scroll to.
  if (row > 0 && scroll < 1) return 1;
  return row < last && scroll > range - 1 ? range - 1 : scroll;
}

/** The row, with a fraction, that stands at the top when the area is scrolled to here. */
export function rowOf(scroll: number, shape: Shape): number {
  const range = areaHeight(shape) - shape.window;
  return range === 0 ? 0 : Math.min(1, Math.max(0, scroll / range)) * lastTop(shape);
}
