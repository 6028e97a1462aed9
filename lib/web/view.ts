/** The window onto the lines: follows the newest, or stands still on a row while the log grows, and scrolls through any number of them. */
import { LEVEL, LEVEL_NAMES } from '../level.ts';
import { Hand, type Lines, type RowAct } from './hand.ts';
import { Header } from './header.ts';
import { Known, NO_LENS } from './known.ts';
import type { LineName } from './layout.ts';
import type { Look } from './look.ts';
import { Rail } from './rail.ts';
import { NO_ROW, Rows } from './rows.ts';
import { Stage } from './stage.ts';
import type { PaneState, Row } from './talk.ts';
import { Thumb } from './thumb.ts';
import { Walk, type Kept } from './walk.ts';

export type ViewEvents = {
  /** Rows are needed. */
  want: (lens: number, from: number, to: number) => void;
  /** Follow with so many rows, or (0) stand still. */
  follow: (rows: number) => void;
  /** What the person should know has changed: following, how many rows are new since it stopped. */
  changed: () => void;
  /** Something was done within a row. */
  act: (act: RowAct) => void;
};

/** Times that are told by now are drawn anew so often, ms. */
const CLOCK = 1000;
/** Sizes are learnt when scrolling has rested so long, ms: they move the thumb. */
const REST = 250;
/** Of a row that keys go to so much is heard, characters. */
const MAX_SPOKEN = 300;

export class View implements Lines {
  following = true;
  /** What is done with single lines. */
  readonly hand: Hand;
  readonly #events: ViewEvents;
  readonly #known: Known;
  readonly #rows: Rows;
  readonly #stage: Stage;
  readonly #walk: Walk;
  readonly #thumb: Thumb;
  readonly #rail = new Rail();
  #marked = 0;
  #seen = 0; // end of the rows when it stopped following

  /** `scroller` is filled with what the view needs, until `life` is aborted. */
  constructor(scroller: HTMLElement, events: ViewEvents, life: AbortSignal) {
    this.#events = events;
    this.#known = new Known(events.want);
    this.#rows = new Rows(events.act);
    const header = new Header(this.#rows, (path) => events.act({ act: 'column', path }));
    this.#stage = new Stage(scroller, this.#rows, header, this.#known, () => this.draw());
    this.#walk = new Walk(this.#known, this.#stage);
    scroller.after(this.#rail.element);
    this.#thumb = new Thumb(scroller, this.#stage.area, {
      shape: () => ({ rows: this.end - this.base, rowHeight: this.#stage.rowHeight, window: this.#stage.height }),
      row: () => (this.following ? undefined : this.#walk.passed),
      move: (pixels) => this.move(pixels),
      jump: (row) => this.#jump(row),
    });
    this.hand = new Hand(this.#rows, this, events.act, life);
    const clock = setInterval(() => {
      if (this.#rows.look.time === 'relative' && !document.hidden) this.draw();
    }, CLOCK);
    life.onabort = () => clearInterval(clock);
    new ResizeObserver(() => this.#resized()).observe(scroller);
    this.#resized();
  }

  /** Which lens is shown. */
  get lens(): number {
    return this.#known.lens;
  }

  /** Number of the first row it knows of. */
  get base(): number {
    return this.#known.base;
  }

  /** One more than the number of the last row it knows of. */
  get end(): number {
    return this.#known.end;
  }

  /** Rows that are new since it stopped following. */
  get fresh(): number {
    return this.following ? 0 : Math.max(0, this.end - this.#seen);
  }

  /** What has come until now is not new. */
  seeAll(): void {
    this.#seen = this.end;
    this.#events.changed();
  }

  /** Position of the line that should stay where it is when the lens changes, while standing still. */
  get anchor(): number | undefined {
    return this.#kept?.position;
  }

  get #kept(): Kept | undefined {
    if (this.following) return undefined;
    const { here } = this.#rows;
    const { kept } = this.#walk;
    if (kept?.here === here) return kept;
    const at = this.#walk.anchor(here);
    const row = this.#rows.rowAt(at);
    return row && { position: row.position, place: this.#walk.placeOf(at), pointed: at === here, here };
  }

  /** The row at the top. */
  get top(): Row | undefined {
    return this.#rows.rowAt(this.#first);
  }

  /** The name of the line at the top, or of the first below it that has one: notes of the page have none. */
  get name(): LineName | undefined {
    for (let at = this.#first; at < this.#rows.to; at++) {
      const { id = '', run = '', n = 0 } = this.#rows.rowAt(at) ?? {};
      if (run !== '') return { id, run, n };
    }
    return undefined;
  }

  get #first(): number {
    return this.following ? this.#rows.from : this.#walk.top;
  }

  /**
   * Number of the row that the person is at: the one last pointed at or gone to, while it is to be seen; else the newest, or the one at
   * the top.
   */
  get current(): number {
    const { here, from, to } = this.#rows;
    if (here >= from && here < to) return here;
    return this.following ? this.end - 1 : this.#walk.top;
  }

  /** Number of the row last pointed at or gone to. */
  get here(): number {
    return this.#rows.here;
  }

  get row(): Row | undefined {
    return this.#rows.rowAt(this.current);
  }

  /** The row that an element of the page belongs to. */
  rowOf(element: Element): Row | undefined {
    return this.#rows.rowOf(element);
  }

  // What the worker says.

  /** Show nothing until a state comes. */
  clear(): void {
    this.#known.turnTo(NO_LENS);
    this.#stage.clear();
  }

  update(state: PaneState): void {
    if (state.lens !== this.lens) this.#turnTo(state);
    this.#known.reach(state.base, state.end);
    if (state.marked !== this.#marked) this.#known.renew(this.#rows.from, this.#rows.to);
    this.#marked = state.marked;
    this.#known.learn([...state.changed, ...(state.tail ?? [])], this.#middle);
    this.#rail.show(state.rail);
    if (this.following && this.hand.held) return;
    this.#go();
    this.#thumb.grow();
    this.#events.changed();
  }

  take(lens: number, rows: Row[]): void {
    if (lens !== this.lens) return;
    this.#known.answer(rows, this.#middle);
    this.#go();
  }

  /** The row around which others are kept. */
  get #middle(): number {
    return this.following ? this.end : this.#walk.top;
  }

  #turnTo({ lens, base, end, keepAt }: PaneState): void {
    const kept = this.#kept;
    const here = (kept?.pointed ? keepAt : undefined) ?? NO_ROW;
    this.#rows.here = here;
    this.#known.turnTo(lens);
    this.#known.reach(base, end);
    this.#stage.clear();
    this.#stage.forgetWidth();
    this.#walk.turn(keepAt, keepAt === undefined ? 0 : (kept?.place ?? 0));
    this.#walk.kept = kept && { ...kept, here };
    this.#seen = end;
  }

  // How lines look. The line at the top stays the line at the top, whatever is set.

  /** Wrap long lines. */
  set wrap(on: boolean) {
    if (on !== this.#stage.wrap) this.#restyle(() => (this.#stage.wrap = on));
  }

  /** Size of the text, density, times, colours of tokens, and whether structured lines are shown by their fields. */
  set look(look: Look) {
    this.#restyle(() => (this.#stage.look = look));
  }

  /** Fields shown as columns, by their paths. */
  set columns(columns: readonly string[]) {
    if (columns.join('\n') !== this.#rows.columns.join('\n')) this.#restyle(() => (this.#stage.columns = columns));
  }

  /** Rows that the person has marked, by position. */
  set bookmarks(positions: ReadonlySet<number>) {
    this.#rows.marks.bookmarks = positions;
    this.draw();
  }

  // Where it stands.

  /** Stand still: not a pixel moves. */
  pause(): void {
    if (!this.following) return;
    this.#walk.stop(this.#stage.atEdge);
    this.#seen = this.#rows.to;
    this.following = false;
    this.#events.follow(0);
    this.draw();
    this.#events.changed();
  }

  /** Follow the newest lines. */
  resume(): void {
    this.#walk.rest();
    this.hand.held = false;
    this.#thumb.settle();
    if (!this.following) {
      this.following = true;
      this.#events.follow(this.#stage.perWindow);
    }
    this.draw();
    this.#thumb.put();
    this.#events.changed();
  }

  /** Move by pixels, down if positive. */
  move(pixels: number): void {
    if (pixels < 0) this.pause();
    if (this.following) return;
    this.#walk.by(pixels);
    this.#go();
  }

  lines(count: number): void {
    this.move(count * this.#stage.line);
    this.#thumb.put();
  }

  reveal(element: Element): void {
    const { top, bottom } = element.getBoundingClientRect();
    const sight = this.#stage.sight;
    const pixels = top < sight.top ? top - sight.top : Math.max(0, Math.min(bottom - sight.bottom, top - sight.top));
    if (pixels === 0) return;
    this.pause();
    this.#walk.shift(pixels);
    this.#go();
    this.#thumb.put();
  }

  pages(count: number): void {
    this.lines(count * Math.max(1, Math.floor(this.#stage.height / this.#stage.line) - 2));
  }

  home(): void {
    this.pause();
    this.#thumb.settle();
    this.#walk.putAt(this.base);
    this.#go();
    this.#thumb.put();
    this.#events.changed();
  }

  /** Go so many rows down (up, if negative) from the current one, which is kept in sight; from nowhere to that edge of the window. */
  step(count: number): void {
    if (this.end === this.base) return;
    this.pause();
    this.#rows.here = this.#walk.rowFrom(this.#rows.here, count);
    this.#walk.bringIn(this.#rows.here);
    this.#go();
    this.#thumb.put();
    this.#events.changed();
  }

  /** Stand still with a row in sight, a third below the top or so many pixels; the person is then at it. */
  goTo(at: number, point = true, below?: number): void {
    this.pause();
    this.#thumb.settle();
    if (point) this.#rows.here = at;
    const { height, line } = this.#stage;
    if (below !== undefined || this.#walk.inSight(at) !== 'whole') this.#walk.to(at, below ?? Math.floor(height / 3 / line) * line);
    this.#go();
    this.#thumb.put();
    this.#events.changed();
  }

  /** Whether a row is drawn; `found`: what is found in it comes in sight, also where it is far to the side. */
  shows(at: number, found: boolean): boolean {
    const element = this.#rows.elementAt(at);
    if (!found) return Boolean(element);
    const hit = element?.querySelector('.found');
    if (hit) this.#stage.bringAcross(hit);
    return Boolean(hit);
  }

  /** What is to be heard of the row that the person is at. */
  get spoken(): string {
    const { level = 0 } = this.row ?? {};
    const text = this.#rows.elementAt(this.current)?.querySelector('.text')?.textContent ?? '';
    return `${level > LEVEL.info ? `${LEVEL_NAMES[level]}: ` : ''}${text.slice(0, MAX_SPOKEN)}`;
  }

  /** Go where the newest row was when it stopped following: what is new stands below. */
  goBack(): void {
    if (!this.following) this.goTo(Math.max(this.base, this.#seen - 1), false);
  }

  #jump(row: number | undefined): void {
    if (row === undefined) return this.resume();
    this.pause();
    this.#walk.putAt(this.base + Math.floor(row), this.#stage.isEven() ? (row % 1) * this.#stage.line : 0);
    this.#go();
    this.#events.changed();
  }

  /** Go where the view was sent, as soon as the rows for it are known, and draw what is there. */
  #go(): void {
    const how = this.#walk.go();
    if (how === 'ended') return this.resume();
    if (how !== 'waits') this.draw();
    if (how === 'gone') this.#events.changed();
  }

  // What is drawn.

  /** Draw what there is, where it stands. */
  draw(): void {
    if (this.lens === NO_LENS) return;
    if (this.following) this.#stage.drawNewest();
    else {
      this.#walk.keepUp();
      this.#stage.drawFrom(this.#walk.top, this.#walk.above);
    }
    if (this.#thumb.rested >= REST) this.#stage.measure();
  }

  /** Rows come to be drawn otherwise, which changes their heights: of the row at the top the same part stays above the edge. */
  #restyle(change: () => void): void {
    const before = this.#walk.topHeight;
    change();
    this.draw();
    this.#rescale(before);
    this.#putThumb();
  }

  #resized(): void {
    const turned = this.#stage.resize();
    if (this.following) this.#events.follow(this.#stage.perWindow);
    this.draw();
    if (turned) this.#rescale();
    this.#putThumb();
    this.#rail.draw();
  }

  #rescale(before?: number): void {
    if (this.following) return;
    this.#walk.rescale(before);
    this.#stage.place(this.#walk.above);
  }

  #putThumb(): void {
    this.#thumb.settle();
    this.#thumb.put();
  }

  /** One row comes to be drawn otherwise: nothing above it moves. */
  change(how: () => void): void {
    this.pause();
    how();
    this.#rows.stale();
    this.draw();
    this.#walk.trim();
    this.#stage.place(this.#walk.above);
    this.#thumb.put();
    this.#events.changed();
  }
}
