/** The window onto the lines: follows the newest, or stands still on a row while the log grows, and scrolls through any number of them. */
import { Rows } from './rows.ts';
import { areaHeight, rowOf, scrollOf, type Shape } from './scale.ts';
import type { Row, State } from './talk.ts';

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
/** Scrolling by more than this many windows at once is a jump: the thumb was dragged. */
const JUMP = 2.5;
/** After scrolling has rested this long, ms, the thumb is put where it belongs. */
const REST = 150;
/** How often the area grows while lines come, ms. */
const SYNC_EVERY = 400;
/** Rows asked for beyond those needed, and how near the edge of the known ones the next are asked for. */
const AHEAD = 200;
const NEAR = 60;
const MAX_KNOWN = 4000;

export class View {
  following = true;
  readonly #scroller: HTMLElement;
  readonly #area: HTMLElement;
  readonly #pane: HTMLElement;
  readonly #block: HTMLElement;
  readonly #rows: Rows;
  readonly #events: ViewEvents;
  #lens = -1;
  #base = 0;
  #end = 0;
  #height = 0;
  #areaHeight = 0;
  /** While standing still: the row at the top, and how much of it is above the edge. */
  #top = 0;
  #above = 0;
  #seen = 0; // end of the rows when it stopped following
  #pending = 0; // scrolling, px, that waits for rows
  #wanted = { from: 0, to: 0 };
  #known = new Map<number, Row>();
  #lastScroll = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #synced = 0;
  #held = false; // the pointer is down on the lines
  #wrap = false;
  #rowHeight = LINE;
  #width = 0;

  constructor(scroller: HTMLElement, events: ViewEvents) {
    this.#scroller = scroller;
    [this.#area, this.#pane, this.#block] = ['area', 'pane', 'block'].map((name) => scroller.querySelector(`.${name}`)) as [HTMLElement, HTMLElement, HTMLElement];
    this.#rows = new Rows(this.#block);
    this.#events = events;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    scroller.addEventListener('wheel', (event) => this.#wheeled(event), { passive: true });
    scroller.addEventListener('touchstart', () => this.#sync(), { passive: true });
    this.#block.addEventListener('pointerdown', (event) => (this.#held = event.button === 0));
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

  /** The row that an element of the page belongs to. */
  rowOf(element: Element): Row | undefined {
    return this.#rows.rowOf(element);
  }

  /** Show nothing until a state of another choice comes. */
  clear(): void {
    this.#lens = -1;
    this.#known.clear();
    this.#rows.show(0, 0, () => undefined);
  }

  update(state: State): void {
    if (state.lens !== this.#lens) this.#turnTo(state);
    this.#base = state.base;
    this.#end = state.end;
    for (const row of state.tail ?? []) this.#learn(row);
    if (this.following && this.#held) return;
    this.#draw();
    if (this.#areaHeight <= this.#height) this.#sync(); // from the first line too many on it can be scrolled
    else this.#syncSoon();
    this.#events.changed();
  }

  take(lens: number, rows: Row[]): void {
    if (lens !== this.#lens) return;
    this.#wanted = { from: 0, to: 0 };
    for (const row of rows) this.#learn(row);
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
    this.#sync();
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
    if (!this.following) {
      this.following = true;
      this.#seen = 0;
      this.#events.follow(this.#perWindow());
    }
    this.#draw();
    this.#sync();
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
    this.#sync();
  }

  pages(count: number): void {
    this.lines(count * Math.max(1, Math.floor(this.#height / LINE) - 2));
  }

  home(): void {
    this.pause();
    this.#goTo(this.#base);
    this.#sync();
  }

  #turnTo(state: State): void {
    this.#lens = state.lens;
    this.#known.clear();
    this.#rows.show(0, 0, () => undefined);
    this.#wanted = { from: 0, to: 0 };
    this.#pending = 0;
    this.#above = 0;
    this.#width = 0;
    this.#top = Math.max(state.base, Math.min(state.keepAt ?? state.end, state.end - this.#perWindow() + 1));
    this.#seen = state.end;
  }

  #learn(row: Row): void {
    const old = this.#known.get(row.at);
    // The same row is not drawn again, so that a selection in it stays.
    if (!old || old.marks.length !== row.marks.length) this.#known.set(row.at, row);
    if (this.#known.size > MAX_KNOWN) this.#forget();
  }

  #forget(): void {
    const middle = this.following ? this.#end : this.#top;
    for (const at of this.#known.keys()) if (Math.abs(at - middle) > MAX_KNOWN / 4) this.#known.delete(at);
  }

  #perWindow(): number {
    return Math.ceil(this.#height / LINE) + 1;
  }

  /** Whether all rows [from, to) are known; those that are not are asked for. */
  #have(from: number, to: number): boolean {
    for (let at = from; at < to; at++) {
      if (this.#known.has(at)) continue;
      if (from < this.#wanted.from || to > this.#wanted.to) this.#want(from - AHEAD, to + AHEAD);
      return false;
    }
    const low = Math.max(this.#base, from - NEAR);
    const high = Math.min(this.#end, to + NEAR) - 1;
    if (this.#wanted.to === 0 && ((low < from && !this.#known.has(low)) || (high >= to && !this.#known.has(high)))) this.#want(from - AHEAD, to + AHEAD);
    return true;
  }

  #want(from: number, to: number): void {
    this.#wanted = { from: Math.max(this.#base, from), to: Math.min(this.#end, to) };
    this.#events.want(this.#lens, this.#wanted.from, this.#wanted.to);
  }

  #show(from: number, to: number): void {
    this.#rows.show(from, to, (at) => this.#known.get(at));
  }

  #draw(): void {
    if (this.#lens < 0) return;
    if (this.following) this.#drawNewest();
    else this.#drawStill();
    this.#measure();
  }

  #drawNewest(): void {
    const from = Math.max(this.#base, this.#end - this.#perWindow());
    if (!this.#have(from, this.#end)) return;
    this.#show(from, this.#end);
    this.#block.style.translate = '';
    const all = this.#end - this.#base < this.#perWindow();
    this.#block.classList.toggle('newest', !all || this.#block.offsetHeight > this.#height);
  }

  #drawStill(): void {
    const from = this.#top;
    const to = Math.min(this.#end, from + this.#perWindow() + 1);
    if (from < to && !this.#have(from, to)) return;
    this.#show(from, to);
    this.#block.classList.remove('newest');
    this.#block.style.translate = this.#above === 0 ? '' : `0 ${-this.#above}px`;
  }

  #heightOf(at: number): number {
    return this.#wrap ? (this.#rows.placeOf(at)?.height ?? LINE) : LINE;
  }

  /** Do the scrolling that is pending, as far as the rows for it are known. */
  #step(): void {
    if (this.#top < this.#base) this.#goTo(this.#base);
    const pixels = this.#pending;
    const reach = this.#perWindow() + Math.ceil(Math.abs(pixels) / LINE) + 1;
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

  #goTo(row: number, above = 0): void {
    this.#pending = 0;
    this.#top = Math.max(this.#base, Math.min(Math.floor(row), this.#end - 1));
    this.#above = above;
    this.#draw();
    this.#events.changed();
  }

  #shape(): Shape {
    return { rows: this.#end - this.#base, rowHeight: this.#rowHeight, window: this.#height };
  }

  #scrolled(): void {
    this.#block.classList.toggle('aside', this.#scroller.scrollLeft > 0);
    const scroll = this.#scroller.scrollTop;
    const by = scroll - this.#lastScroll;
    this.#lastScroll = scroll;
    if (Math.abs(by) < 1) return;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#sync(), REST);
    if (Math.abs(by) > JUMP * this.#height) this.#jump(scroll);
    else this.move(by);
    const range = areaHeight(this.#shape()) - this.#height;
    const stuck = this.following ? scroll < range - 1 : (scroll <= 0 && this.#top > this.#base) || scroll >= range;
    if (stuck) this.#sync();
  }

  #jump(scroll: number): void {
    const shape = this.#shape();
    if (scroll >= areaHeight(shape) - shape.window - 1) return this.resume();
    this.pause();
    const row = rowOf(scroll, shape);
    this.#goTo(this.#base + row, this.#wrap ? 0 : (row % 1) * LINE);
  }

  /** Where the thumb is at the end of its way no scroll event would come. */
  #wheeled(event: WheelEvent): void {
    if (event.deltaY < 0 && this.following && this.#end - this.#base > this.#height / LINE / 2) this.#sync();
  }

  /** While lines come the area grows a few times a second; it does not while somebody scrolls. */
  #syncSoon(): void {
    this.#rest ??= setTimeout(() => this.#sync(), Math.max(0, this.#synced + SYNC_EVERY - performance.now()));
  }

  /** Put the thumb where it belongs, and make the area as high as the rows want it. */
  #sync(): void {
    // Scrolled by hand, though the event has not come yet: that must not be undone.
    if (Math.abs(this.#scroller.scrollTop - this.#lastScroll) >= 1) this.#scrolled();
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.#synced = performance.now();
    const shape = this.#shape();
    const height = areaHeight(shape);
    if (height !== this.#areaHeight) this.#area.style.height = `${height}px`;
    this.#areaHeight = height;
    const row = this.#top - this.#base + this.#above / this.#rowHeight;
    const scroll = this.following ? height - shape.window : scrollOf(Math.max(0, row), shape);
    if (Math.abs(this.#scroller.scrollTop - scroll) >= 1) this.#scroller.scrollTop = scroll;
    this.#lastScroll = this.#scroller.scrollTop;
  }

  /** Learn the average height of wrapped rows, or the width of the widest row. */
  #measure(): void {
    const shown = this.#rows.to - this.#rows.from;
    if (shown === 0 || performance.now() - this.#synced < 250) return;
    if (this.#wrap) this.#rowHeight += (this.#block.offsetHeight / shown - this.#rowHeight) / 8;
    const width = this.#wrap ? 0 : Math.max(this.#width, this.#block.scrollWidth);
    if (width === this.#width) return;
    this.#width = width;
    this.#area.style.minWidth = `${width}px`;
  }

  #resized(): void {
    this.#height = this.#scroller.clientHeight;
    this.#pane.style.height = `${this.#height}px`;
    this.#lastScroll = this.#scroller.scrollTop; // the browser may have moved it to fit
    if (this.following) this.#events.follow(this.#perWindow());
    this.#draw();
    this.#sync();
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
