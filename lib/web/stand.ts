/** Where a view stands: which row is at the top and how much of it is above the edge; and how that changes by so many pixels. */

/** Heights of rows, px; the numbers of the rows that are known, [from, to), and the height of the window. */
export type Ground = { heightOf(at: number): number; from: number; to: number; window: number };

export class Stand {
  top = 0;
  /** Pixels of the row at the top that are above the edge. */
  above = 0;

  put(top: number, above = 0): void {
    this.top = top;
    this.above = above;
  }

  /** Go up; at the first row it ends. */
  up(pixels: number, { heightOf, from }: Ground): void {
    let left = pixels - this.above;
    while (left > 0 && this.top > from) left -= heightOf(--this.top);
    this.above = left > 0 ? 0 : -left;
  }

  /** Go down, at most until the last row is at the top. */
  down(pixels: number, { heightOf, to }: Ground): void {
    let left = pixels + this.above;
    let height = heightOf(this.top);
    while (left >= height && this.top + 1 < to) {
      left -= height;
      height = heightOf(++this.top);
    }
    this.above = Math.min(left, height);
  }

  /** Whether the rows from the top on end within the window. */
  endsWithin({ heightOf, to, window }: Ground): boolean {
    let below = -this.above;
    for (let at = this.top; at < to && below <= window; at++) below += heightOf(at);
    return below <= window;
  }

  /** Stand so that a row's lower edge is that of the window; where there are too few rows above it, the first is at the top. */
  end(at: number, { heightOf, from, window }: Ground): void {
    let left = window - heightOf(at);
    this.top = at;
    while (left > 0 && this.top > from) left -= heightOf(--this.top);
    this.above = Math.max(0, -left);
  }

  /** Where a row's upper edge is in the window, px; only rows from the top on have a place. */
  placeOf(at: number, { heightOf }: Ground): number {
    let place = -this.above;
    for (let row = this.top; row < at; row++) place += heightOf(row);
    return place;
  }

  /** The row at the top has another height now: the same part of it is above the edge. */
  scale(before: number, after: number): void {
    if (before > 0 && before !== after) this.above = Math.min(Math.max(0, after - 1), Math.round((this.above / before) * after));
  }
}
