/** The window onto the lines: follows the newest, or stands still on a row while the log grows, and scrolls through any number of them. */
import { Known } from './known.ts';
import { Rows } from './rows.ts';
import type { PaneState, Row } from './talk.ts';
import { Thumb } from './thumb.ts';

export type ViewEvents = {
  /** Rows are needed. */
  want(lens: number, from: number, to: number): void;
  /** Follow with so many rows, or (0) stand still. */
  follow(rows: number): void;
  /** What the person should know has changed: following, how many rows are new since it stopped. */
  changed(): void;
};

/** Height of a line of text, px, as page.css has it: every row is a whole number of them. */
const LINE = 20;
const NO_LENS = -1;
const NO_ROW = -1;

export class View {
  following = true;
  readonly #scroller: HTMLElement;
  readonly #area: HTMLElement;
  readonly #pane: HTMLElement;
  readonly #block: HTMLElement;
  readonly #rows: Rows;
  readonly #known: Known;
  readonly #thumb: Thumb;
  readonly #events: ViewEvents;
  #lens = NO_LENS;
  #base = 0;
  #end = 0;
  #height = 0;
  /** While standing still: the row at the top, and how much of it is above the edge. */
  #top = 0;
  #above = 0;
  #seen = 0; // end of the rows when it stopped following
  #current: number = NO_ROW; // the row last pointed at or gone to
  #pending = 0; // scrolling, px, that waits for rows
  #held = false; // the pointer is down on the lines
  #wrap = false;
  #rowHeight = LINE; // on average
  #width = 0;

  constructor(scroller: HTMLElement, events: ViewEvents) {
    this.#scroller = scroller;
    const part = (name: string): HTMLElement => scroller.querySelector<HTMLElement>(`.${name}`) ?? document.createElement('div');
    [this.#area, this.#pane, this.#block] = [part('area'), part('pane'), part('block')];
    this.#events = events;
    this.#rows = new Rows(this.#block);
    this.#known = new Known((from, to) => events.want(this.#lens, from, to));
    this.#thumb = new Thumb(scroller, this.#area, {
      shape: () => ({ rows: this.#end - this.#base, rowHeight: this.#rowHeight, window: this.#height }),
      row: () => (this.following ? undefined : this.#top - this.#base + this.#above / this.#rowHeight),
      move: (pixels) => this.move(pixels),
      jump: (row) => this.#jump(row),
    });
    scroller.addEventListener('scroll', () => this.#block.classList.toggle('aside', scroller.scrollLeft > 0), { passive: true });
    this.#block.addEventListener('pointerdown', (event) => {
      this.#held = event.button === 0;
      this.#current = (event.target instanceof Element ? this.#rows.rowOf(event.target)?.at : undefined) ?? NO_ROW;
      this.#rows.point(this.#current);
    });
    document.addEventListener('pointerup', () => this.#released());
    document.addEventListener('pointercancel', () => this.#released());
    document.addEventListener('selectionchange', () => this.#selected());
    new ResizeObserver(() => this.#resized()).observe(scroller);
    this.#resized();
  }

  /** Rows that are new since it stopped following. */
  get fresh(): number {
    return this.following ? 0 : Math.max(0, this.#end - this.#seen);
  }

  /** Position of the row at the top, while standing still: it should stay there when the lens changes. */
  get anchor(): number | undefined {
    return this.following ? undefined : this.#rows.rowAt(this.#top)?.position;
  }

  /** The row at the top. */
  get top(): Row | undefined {
    return this.#rows.rowAt(this.following ? this.#rows.from : this.#top);
  }

  /** Number of the row that the person is at: the one last pointed at or gone to, while it is to be seen; else the newest, or the one at the top. */
  get current(): number {
    if (this.#current >= this.#rows.from && this.#current < this.#rows.to) return this.#current;
    return this.following ? this.#end - 1 : this.#top;
  }

  get row(): Row | undefined {
    return this.#rows.rowAt(this.current);
  }

  /** Stand still with a row in sight, a third below the top or so many pixels; the person is then at it. */
  goTo(at: number, point = true, below = Math.floor(this.#height / 3 / LINE) * LINE): void {
    this.pause();
    this.#thumb.settle();
    this.#current = point ? at : NO_ROW;
    this.#goTo(at);
    if (below > 0) this.move(-below);
    this.#thumb.put();
  }

  /** Go where the newest row was when it stopped following: what is new stands below. */
  goBack(): void {
    if (!this.following) this.goTo(Math.max(this.#base, this.#seen - 1), false);
  }

  /** The row that an element of the page belongs to. */
  rowOf(element: Element): Row | undefined {
    return this.#rows.rowOf(element);
  }

  /** Show nothing until a state comes. */
  clear(): void {
    this.#lens = NO_LENS;
    this.#known.clear();
    this.#rows.show(0, 0, () => undefined);
  }

  update(state: PaneState): void {
    if (state.lens !== this.#lens) this.#turnTo(state);
    this.#base = state.base;
    this.#end = state.end;
    this.#known.learn(state.tail ?? [], this.#middle);
    if (this.following && this.#held) return;
    this.#draw();
    this.#thumb.grow();
    this.#events.changed();
  }

  take(lens: number, rows: Row[]): void {
    if (lens !== this.#lens) return;
    this.#known.answer(rows, this.#middle);
    if (this.#pending !== 0) this.#step();
    else this.#draw();
  }

  set wrap(on: boolean) {
    if (on === this.#wrap) return;
    this.#wrap = on;
    this.#block.classList.toggle('wrap', on);
    this.#above = 0;
    this.#width = 0;
    this.#area.style.minWidth = '';
    this.#scroller.scrollLeft = 0;
    this.#rowHeight = LINE;
    this.#draw();
    this.#thumb.put();
  }

  /** Stand still: not a pixel moves. */
  pause(): void {
    if (!this.following) return;
    const blockTop = this.#block.offsetTop;
    let top = this.#rows.from;
    let place = this.#rows.placeOf(top);
    while (place && blockTop + place.top + place.height <= 0 && top + 1 < this.#rows.to) place = this.#rows.placeOf(++top);
    this.#top = top;
    this.#above = place ? -Math.min(0, blockTop + place.top) : 0;
    this.#seen = this.#rows.to;
    this.following = false;
    this.#events.follow(0);
    this.#draw();
    this.#events.changed();
  }

  /** Follow the newest lines. */
  resume(): void {
    this.#pending = 0;
    this.#held = false;
    this.#thumb.settle();
    if (!this.following) {
      this.following = true;
      this.#events.follow(this.#perWindow);
    }
    this.#draw();
    this.#thumb.put();
    this.#events.changed();
  }

  /** Move by pixels, down if positive. */
  move(pixels: number): void {
    if (pixels < 0) this.pause();
    if (this.following) return;
    this.#pending += pixels;
    this.#step();
  }

  lines(count: number): void {
    this.move(count * LINE);
    this.#thumb.put();
  }

  pages(count: number): void {
    this.lines(count * Math.max(1, Math.floor(this.#height / LINE) - 2));
  }

  home(): void {
    this.pause();
    this.#thumb.settle();
    this.#goTo(this.#base);
    this.#thumb.put();
  }

  #turnTo(state: PaneState): void {
    this.#lens = state.lens;
    this.#current = NO_ROW;
    this.#known.clear();
    this.#rows.show(0, 0, () => undefined);
    this.#pending = 0;
    this.#above = 0;
    this.#width = 0;
    this.#area.style.minWidth = '';
    this.#top = Math.max(state.base, Math.min(state.keepAt ?? state.end, state.end - this.#perWindow + 1));
    this.#seen = state.end;
  }

  /** The most rows that the window can show. */
  get #perWindow(): number {
    return Math.ceil(this.#height / LINE) + 1;
  }

  /** The row around which others are kept. */
  get #middle(): number {
    return this.following ? this.#end : this.#top;
  }

  #have(from: number, to: number): boolean {
    return this.#known.have(from, to, { base: this.#base, end: this.#end });
  }

  #show(from: number, to: number): void {
    this.#rows.show(from, to, (at) => this.#known.row(at));
    this.#rows.point(this.#current);
  }

  #draw(): void {
    if (this.#lens === NO_LENS) return;
    if (this.following) this.#drawNewest();
    else this.#drawStill();
    this.#measure();
  }

  #drawNewest(): void {
    const from = Math.max(this.#base, this.#end - this.#perWindow);
    if (!this.#have(from, this.#end)) return;
    this.#show(from, this.#end);
    this.#block.style.translate = '';
    const few = this.#end - this.#base < this.#perWindow;
    this.#block.classList.toggle('newest', !few || this.#block.offsetHeight > this.#height);
  }

  #drawStill(): void {
    // Rows that have been dropped for newer ones stay while they can be seen; then it goes on from the oldest that is held.
    if (this.#top < this.#base && !this.#isKnown()) [this.#top, this.#above] = [this.#base, 0];
    const from = this.#top;
    const to = Math.max(from, Math.min(this.#end, from + this.#perWindow + 1));
    if (!this.#have(from, to)) return;
    this.#show(from, to);
    this.#block.classList.remove('newest');
    this.#block.style.translate = this.#above === 0 ? '' : `0 ${-this.#above}px`;
  }

  /** Whether the rows from the top on that are no longer held are still known here. */
  #isKnown(): boolean {
    for (let at = this.#top; at < Math.min(this.#base, this.#top + this.#perWindow + 1); at++) if (!this.#known.row(at)) return false;
    return true;
  }

  #heightOf(at: number): number {
    return this.#wrap ? (this.#rows.placeOf(at)?.height ?? LINE) : LINE;
  }

  /** Do the scrolling that is pending, as soon as the rows for it are known. */
  #step(): void {
    if (this.#top < this.#base) [this.#top, this.#above] = [this.#base, 0];
    const pixels = this.#pending;
    const reach = this.#perWindow + Math.ceil(Math.abs(pixels) / LINE) + 1;
    const from = pixels < 0 ? Math.max(this.#base, this.#top - reach) : this.#top;
    const to = Math.min(this.#end, this.#top + reach);
    if (!this.#have(from, to)) return;
    this.#pending = 0;
    this.#show(from, to);
    if (pixels < 0) this.#up(-pixels, from);
    else if (this.#down(pixels, to)) return this.resume();
    this.#draw();
    this.#events.changed();
  }

  #up(pixels: number, from: number): void {
    let left = pixels - this.#above;
    while (left > 0 && this.#top > from) left -= this.#heightOf(--this.#top);
    this.#above = left > 0 ? 0 : -left;
  }

  /** Gives true where the last row has come up to the lower edge. */
  #down(pixels: number, to: number): boolean {
    let left = pixels + this.#above;
    let height = this.#heightOf(this.#top);
    while (left >= height && this.#top + 1 < to) {
      left -= height;
      height = this.#heightOf(++this.#top);
    }
    this.#above = Math.min(left, height);
    if (to < this.#end) return false;
    let below = -this.#above;
    for (let at = this.#top; at < to && below <= this.#height; at++) below += this.#heightOf(at);
    return below <= this.#height;
  }

  #jump(row: number | undefined): void {
    if (row === undefined) return this.resume();
    this.pause();
    this.#goTo(this.#base + row, this.#wrap ? 0 : (row % 1) * LINE);
  }

  #goTo(row: number, above = 0): void {
    this.#pending = 0;
    this.#top = Math.max(this.#base, Math.min(Math.floor(row), this.#end - 1));
    this.#above = above;
    this.#draw();
    this.#events.changed();
  }

  /** Now and then: learn the average height of wrapped rows, or the width of the widest row. */
  #measure(): void {
    const shown = this.#rows.to - this.#rows.from;
    if (shown === 0 || this.#thumb.rested < 250) return;
    if (this.#wrap) {
      this.#rowHeight += (this.#block.offsetHeight / shown - this.#rowHeight) / 8;
      return;
    }
    const width = Math.max(this.#width, this.#block.scrollWidth);
    if (width === this.#width) return;
    this.#width = width;
    this.#area.style.minWidth = `${width}px`;
  }

  #resized(): void {
    this.#height = this.#scroller.clientHeight;
    this.#pane.style.height = `${this.#height}px`;
    this.#thumb.settle();
    if (this.following) this.#events.follow(this.#perWindow);
    this.#draw();
    this.#thumb.put();
  }

  /** The lines stood still while the pointer was down; go on unless it has selected something. */
  #released(): void {
    if (!this.#held) return;
    this.#held = false;
    if (this.following) this.#draw();
  }

  #selected(): void {
    const selection = document.getSelection();
    if (!this.following || !selection || selection.isCollapsed || !selection.anchorNode) return;
    if (this.#block.contains(selection.anchorNode)) this.pause();
  }
}
