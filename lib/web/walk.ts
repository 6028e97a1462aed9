/** How a view that stands still comes to stand elsewhere: by pixels, or at a row; where rows for it are missing, as soon as they have come. */
import type { Known } from './known.ts';
import { Stand, type Ground } from './stand.ts';

/** The rows as they lie in the window. */
export type Land = {
  /** Height of a line of text, px: no row is lower. */
  readonly line: number;
  /** The most rows that the window can show. */
  readonly perWindow: number;
  /** The rows that are drawn. */
  readonly drawn: Ground;
  /** These rows, all of them known: drawn, where only that tells how high they are. */
  groundOf(from: number, to: number): Ground;
};

/** The row at the top, and how many pixels of it are above the edge. */
export type Place = { top: number; above: number };

/** A line that shall stay where it is when others come and go: so many px below the edge; whether the person is at it, and which row they are at. */
export type Kept = { position: number; place: number; pointed: boolean; here: number };

/** Pixels to go, down if positive. `scrolled`: at the last row that ends in following; else a row is gone to, and the window stays full. */
type Way = { pixels: number; scrolled: boolean };

export class Walk {
  readonly #known: Known;
  readonly #land: Land;
  readonly #stand = new Stand();
  #topHeight = 0; // of the row at the top, when it was last looked at
  #way: Way | undefined; // still to go
  /** Until the person moves, also while it is hidden: a filter half typed must not lose the place. */
  kept: Kept | undefined;

  constructor(known: Known, land: Land) {
    this.#known = known;
    this.#land = land;
  }

  /** The row at the top. */
  get top(): number {
    return this.#stand.top;
  }

  /** Pixels of it that are above the edge. */
  get above(): number {
    return this.#stand.above;
  }

  /** Its height, px, as it is drawn. */
  get topHeight(): number {
    return this.#land.drawn.heightOf(this.#stand.top);
  }

  /** How many rows are above the edge, counted from the oldest, with the part that is of the row at the top. */
  get passed(): number {
    return this.#stand.top - this.#known.base + Math.min(0.999, this.#stand.above / Math.max(this.#land.line, this.#topHeight));
  }

  /** How much of a row is within the window. */
  inSight(at: number): 'whole' | 'part' | 'out' {
    const ground = this.#land.drawn;
    if (at < Math.max(this.#stand.top, ground.from) || at >= ground.to) return 'out';
    const place = this.placeOf(at);
    if (place >= ground.window) return 'out';
    return place >= 0 && place + ground.heightOf(at) <= ground.window ? 'whole' : 'part';
  }

  /** Where a row's upper edge is, px from that of the window; only rows from the top on have a place. */
  placeOf(at: number): number {
    return this.#stand.placeOf(at, this.#land.drawn);
  }

  /** The row that stays where it is when others come and go: the one the person is at, while it can be seen; else that at the top. */
  anchor(here: number): number {
    return this.inSight(here) === 'whole' ? here : this.#stand.top;
  }

  /** The row so many rows down (up, if negative) from the one the person is at; where that is not in sight, the one at that edge. */
  rowFrom(here: number, count: number): number {
    if (this.inSight(here) !== 'out') return this.#known.nearest(here + count);
    let { top: edge } = this.#stand;
    if (count > 0) edge += this.#stand.above > 0 ? 1 : 0;
    else while (this.inSight(edge + 1) === 'whole') edge++;
    return this.#known.nearest(edge);
  }

  /** Stand here, where the rows are drawn already. */
  stop({ top, above }: Place): void {
    this.kept = undefined;
    this.#stand.put(top, above);
    this.#topHeight = this.topHeight;
  }

  /** Stand with a row at the top, at once. */
  putAt(row: number, above = 0): void {
    this.kept = this.#way = undefined;
    this.#stand.put(this.#known.nearest(row), above);
  }

  /** Go by pixels, down if positive. */
  by(pixels: number): void {
    this.kept = undefined;
    const { pixels: before = 0, scrolled = true } = this.#way ?? {};
    this.#way = { pixels: before + pixels, scrolled };
  }

  /** Go by pixels, no further than the last row: unlike scrolling that does not end in following. */
  shift(pixels: number): void {
    this.kept = undefined;
    this.#way = { pixels, scrolled: false };
  }

  /** Go to a row, which is then so many pixels below the edge. */
  to(row: number, below: number): void {
    this.putAt(row);
    this.shift(-below);
  }

  /** Have a row in sight by the least way. */
  bringIn(at: number): void {
    if (this.inSight(at) === 'whole') return;
    const { line, drawn } = this.#land;
    if (at <= this.#stand.top) this.putAt(at);
    else if (at < drawn.from || at >= drawn.to) this.to(at, drawn.window - line);
    else {
      const place = this.placeOf(at);
      const height = drawn.heightOf(at);
      this.shift(height > drawn.window ? place : place + height - drawn.window); // of one higher than the window the beginning counts
    }
  }

  /** The rows are others from now on: one of them, if there is one to be kept, shall be so many pixels from the edge; else the newest are seen. */
  turn(keep: number | undefined, place: number): void {
    const last = this.#known.end - this.#land.perWindow + 1;
    const top = keep ?? last;
    this.putAt(place > 0 ? top : Math.min(top, last), top <= last ? Math.max(0, -place) : 0);
    if (place > 0) this.shift(-place);
  }

  /** Go the way that is still to go, if there is any, once the rows for it are known. `ended`: scrolled to the last row. */
  go(): 'still' | 'waits' | 'gone' | 'ended' {
    if (!this.#way) return 'still';
    const { pixels, scrolled } = this.#way;
    const { base, end } = this.#known;
    const { perWindow, line } = this.#land;
    const stand = this.#stand;
    if (stand.top < base) stand.put(base);
    const reach = perWindow + Math.ceil(Math.abs(pixels) / line) + 1;
    const from = pixels < 0 || !scrolled ? Math.max(base, stand.top - reach) : stand.top;
    const to = Math.min(end, stand.top + reach);
    if (!this.#known.have(from, to)) return 'waits';
    this.#way = undefined;
    const ground = this.#land.groundOf(from, to);
    if (pixels < 0) stand.up(-pixels, ground);
    else stand.down(pixels, ground);
    this.#topHeight = ground.heightOf(stand.top);
    if (to < end || !stand.endsWithin(ground)) return 'gone';
    if (scrolled && pixels > 0) return 'ended';
    if (!scrolled && to > from) stand.end(to - 1, ground);
    return 'gone';
  }

  /** Go no further. */
  rest(): void {
    this.#way = undefined;
  }

  /** Rows that have been dropped for newer ones stay while they can be seen; then it goes on from the oldest that is held. */
  keepUp(): void {
    const { base } = this.#known;
    const { top } = this.#stand;
    const seen = Math.min(base, top + this.#land.perWindow + 1);
    for (let at = top; at < seen; at++) if (!this.#known.row(at)) return this.#stand.put(base);
  }

  /** The row at the top is drawn anew, and had another height before, px: the same part of it stays above the edge. */
  rescale(before = this.#topHeight): void {
    this.kept = undefined;
    this.#topHeight = this.topHeight;
    this.#stand.scale(before, this.#topHeight);
  }

  /** The row at the top may have become lower: some of it stays in sight. */
  trim(): void {
    this.kept = undefined;
    this.#stand.above = Math.min(this.#stand.above, Math.max(0, this.topHeight - 1));
  }
}
