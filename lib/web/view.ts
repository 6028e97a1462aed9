/** The window onto the lines: follows the newest, or stands still on a row while the log grows, and scrolls through any number of them. */
import type { FieldAct } from './fieldtree.ts';
import { Header } from './header.ts';
import { Known } from './known.ts';
import { lineHeight, type Look } from './look.ts';
import { Pointer } from './pointer.ts';
import { Rail } from './rail.ts';
import { Rows } from './rows.ts';
import { Stand, type Ground } from './stand.ts';
import type { PaneState, Row } from './talk.ts';
import { Thumb } from './thumb.ts';

/** What a person does with a row, for others to see to. */
export type RowAct = FieldAct | { act: 'unfold'; position: number } | { act: 'back'; position: number };

export type ViewEvents = {
  /** Rows are needed. */
  want(lens: number, from: number, to: number): void;
  /** Follow with so many rows, or (0) stand still. */
  follow(rows: number): void;
  /** What the person should know has changed: following, how many rows are new since it stopped. */
  changed(): void;
  /** Something was done within a row. */
  act?(act: RowAct): void;
};

const NO_LENS = -1;
const NO_ROW = -1;
/** Times that are told by now are drawn anew so often, ms. */
const CLOCK = 1000;
/** Lines that come by the windowful are drawn so often, ms. */
const HURRY = 30;
/** Lines that have not moved on for so long, ms, are there to be read. */
const STAYS = 90;

export class View {
  following = true;
  readonly #scroller: HTMLElement;
  readonly #area: HTMLElement;
  readonly #pane: HTMLElement;
  readonly #block: HTMLElement;
  readonly #rows: Rows;
  readonly #header: Header;
  readonly #known: Known;
  readonly #thumb: Thumb;
  readonly #rail = new Rail();
  readonly #pointer: Pointer;
  readonly #events: ViewEvents;
  readonly #stand = new Stand();
  #lens = NO_LENS;
  #base = 0;
  #end = 0;
  #height = 0; // of the window onto the rows
  #topHeight = 0; // of the row at the top, when it was last drawn
  #seen = 0; // end of the rows when it stopped following
  #current: number = NO_ROW; // the row last pointed at or gone to
  #pending = 0; // scrolling, px, that waits for rows
  #resumes = true; // scrolling that is pending goes on to follow where it ends at the last row
  #wrap = false;
  #line = 20; // height of a line of text, px; every row is at least that high
  #rowHeight = 20; // on average
  #width = 0;
  #window = 0; // width of the window
  #drawn = 0; // when the newest were last drawn
  #flown = -Infinity; // when the window last moved by more than half of what it shows
  #hurried = false; // the rows on the screen are to be drawn whole when they stay
  #coloring: ReturnType<typeof setTimeout> | undefined;

  /** `scroller` is filled with what the view needs. */
  constructor(scroller: HTMLElement, events: ViewEvents) {
    this.#scroller = scroller;
    const part = (name: string, ...children: HTMLElement[]): HTMLElement => {
      const element = document.createElement('div');
      element.className = name;
      element.append(...children);
      return element;
    };
    this.#block = part('block');
    this.#rows = new Rows(this.#block, (act) => events.act?.(act));
    this.#header = new Header(this.#rows, (path) => events.act?.({ act: 'column', path }));
    this.#pane = part('pane', this.#header.element, part('stage', this.#block));
    this.#area = part('area', this.#pane);
    scroller.replaceChildren(this.#area);
    scroller.after(this.#rail.element);
    this.#events = events;
    this.#known = new Known((from, to) => events.want(this.#lens, from, to));
    this.#thumb = new Thumb(scroller, this.#area, {
      shape: () => ({ rows: this.#end - this.#base, rowHeight: this.#rowHeight, window: this.#height }),
      row: () => (this.following ? undefined : this.#topPlace),
      move: (pixels) => this.move(pixels),
      jump: (row) => this.#jump(row),
    });
    this.#pointer = this.#listen();
    new ResizeObserver(() => this.#resized()).observe(scroller);
    this.#resized();
  }

  /** Which lens is shown. */
  get lens(): number {
    return this.#lens;
  }

  /** One more than the number of the last row it knows of. */
  get end(): number {
    return this.#end;
  }

  /** Rows that are new since it stopped following. */
  get fresh(): number {
    return this.following ? 0 : Math.max(0, this.#end - this.#seen);
  }

  /**
   * Position of the row that should stay where it is when the lens changes, while standing still: the current one if it is to be seen,
   * else the one at the top.
   */
  get anchor(): number | undefined {
    return this.following ? undefined : (this.#rows.rowAt(this.#anchorAt) ?? this.#rows.rowAt(this.#stand.top))?.position;
  }

  /** The row at the top. */
  get top(): Row | undefined {
    return this.#rows.rowAt(this.following ? this.#rows.from : this.#stand.top);
  }

  /**
   * Number of the row that the person is at: the one last pointed at or gone to, while it is to be seen; else the newest, or the one at
   * the top.
   */
  get current(): number {
    if (this.#current >= this.#rows.from && this.#current < this.#rows.to) return this.#current;
    return this.following ? this.#end - 1 : this.#stand.top;
  }

  get row(): Row | undefined {
    return this.#rows.rowAt(this.current);
  }

  /** Whether any of the rows known hold terminal colours. */
  get coloured(): boolean {
    return this.#known.some((row) => row.text.includes('\x1b'));
  }

  /** The texts of the rows known, for what fields they have. */
  get texts(): string[] {
    return this.#known.sample(500);
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
    this.#known.learn(state.changed, this.#middle);
    this.#known.learn(state.tail ?? [], this.#middle);
    this.#rail.show(state.rail);
    if (this.following && this.#pointer.held) return;
    if (this.#pending !== 0) this.#step();
    else this.#draw();
    this.#thumb.grow();
    this.#events.changed();
  }

  take(lens: number, rows: Row[]): void {
    if (lens !== this.#lens) return;
    this.#known.answer(rows, this.#middle);
    if (this.#pending !== 0) this.#step();
    else this.#draw();
  }

  // How lines look. The line at the top stays the line at the top, whatever is set.

  /** Wrap long lines. */
  set wrap(on: boolean) {
    if (on === this.#wrap) return;
    this.#restyle(() => {
      this.#wrap = on;
      this.#block.classList.toggle('wrap', on);
      this.#forgetWidth();
      this.#scroller.scrollLeft = 0;
      this.#rowHeight = this.#line;
    });
  }

  /** Wrap the lines of the current row, or no longer. */
  wrapLine(): void {
    const { row } = this;
    if (!row) return;
    const { wrapped } = this.#rows.marks;
    this.#change(() => {
      if (!wrapped.delete(row.position)) wrapped.add(row.position);
    });
  }

  get look(): Look {
    return this.#rows.look;
  }

  /** Size of the text, density, times, colours of tokens, and whether structured lines are shown by their fields. */
  set look(look: Look) {
    this.#restyle(() => {
      const line = lineHeight(look);
      this.#rowHeight *= line / this.#line;
      this.#line = line;
      this.#rows.look = look;
      this.#scroller.style.setProperty('--line', `${line}px`);
      this.#scroller.style.setProperty('--size', `${look.size}px`);
      this.#scroller.dataset['time'] = look.time;
      this.#forgetWidth();
      this.#header.draw();
      this.#fit();
    });
  }

  /** Fields shown as columns, by their paths. */
  set columns(columns: readonly string[]) {
    if (columns.join('\n') === this.#rows.columns.join('\n')) return;
    this.#restyle(() => {
      this.#rows.columns = columns;
      this.#forgetWidth();
      this.#header.draw();
      this.#fit();
    });
  }

  /** Rows that the person has marked, by position. */
  set bookmarks(positions: ReadonlySet<number>) {
    this.#rows.marks.bookmarks = positions;
    this.#draw();
  }

  /** Count times from the current row; from there no longer if it is the one. Gives whether they are counted from it. */
  countFrom(): boolean {
    const { marks } = this.#rows;
    const { row } = this;
    marks.zero = !row || marks.zero?.position === row.position ? undefined : { position: row.position, ts: row.ts };
    this.#draw();
    return marks.zero !== undefined;
  }

  /** Open the fields of the current row and go into them. False where it has none. */
  open(): boolean {
    const { row } = this;
    if (!row || !this.#rows.canOpen(row)) return false;
    if (!this.#rows.marks.opened.has(row.position)) this.#toggle(row);
    this.#rows.elementAt(this.current)?.querySelector<HTMLElement>('.field')?.focus({ preventScroll: true });
    return true;
  }

  /** Shut the fields of the current row. False where they were not open. */
  shut(): boolean {
    const { row } = this;
    if (!row || !this.#rows.marks.opened.has(row.position)) return false;
    this.#toggle(row);
    return true;
  }

  /** Open what is folded under the current row (or that it stands for), or fold it again. False where there is nothing to do. */
  unfold(open: boolean): boolean {
    const { row } = this;
    if (!row || (open ? row.folded === 0 && row.repeats <= 1 : !row.opened)) return false;
    this.pause();
    this.#events.act?.({ act: 'unfold', position: row.position });
    return true;
  }

  // Where it stands.

  /** Stand still: not a pixel moves. */
  pause(): void {
    if (!this.following) return;
    const blockTop = this.#block.offsetTop;
    let top = this.#rows.from;
    let place = this.#rows.placeOf(top);
    while (place && blockTop + place.top + place.height <= 0 && top + 1 < this.#rows.to) place = this.#rows.placeOf(++top);
    this.#stand.put(top, place ? -Math.min(0, blockTop + place.top) : 0);
    this.#topHeight = place?.height ?? this.#line;
    this.#seen = this.#rows.to;
    this.following = false;
    this.#events.follow(0);
    this.#draw();
    this.#events.changed();
  }

  /** Follow the newest lines. */
  resume(): void {
    this.#pending = 0;
    this.#pointer.held = false;
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
    this.move(count * this.#line);
    this.#thumb.put();
  }

  pages(count: number): void {
    this.lines(count * Math.max(1, Math.floor(this.#height / this.#line) - 2));
  }

  home(): void {
    this.pause();
    this.#thumb.settle();
    this.#goTo(this.#base);
    this.#thumb.put();
  }

  /** Go so many rows down (up, if negative) from the current one, which is kept in sight; from nowhere to that edge of the window. */
  step(count: number): void {
    if (this.#end === this.#base) return;
    this.pause();
    const shown = this.#current >= this.#rows.from && this.#current < this.#rows.to && this.#inSight(this.#current) !== 'out';
    const first = this.#stand.top + (this.#stand.above > 0 ? 1 : 0);
    const at = shown ? this.#current + count : count > 0 ? first : this.#lastInSight;
    this.#current = Math.max(this.#base, Math.min(at, this.#end - 1));
    this.#bringIn(this.#current);
    this.#thumb.put();
    this.#events.changed();
  }

  /** Stand still with a row in sight, a third below the top or so many pixels; the person is then at it. */
  goTo(at: number, point = true, below?: number): void {
    this.pause();
    this.#thumb.settle();
    if (point) this.#current = at;
    if (below === undefined && this.#inSight(at) === 'whole') this.#draw();
    else {
      this.#resumes = false;
      const third = Math.floor(this.#height / 3 / this.#line) * this.#line;
      this.#pending = 0;
      this.#stand.put(Math.max(this.#base, Math.min(at, this.#end - 1)));
      this.#pending = -(below ?? third);
      this.#step();
    }
    this.#thumb.put();
    this.#events.changed();
  }

  /** Go where the newest row was when it stopped following: what is new stands below. */
  goBack(): void {
    if (!this.following) this.goTo(Math.max(this.#base, this.#seen - 1), false);
  }

  #turnTo(state: PaneState): void {
    const anchor = this.#anchorAt;
    const place = this.following || state.keepAt === undefined || this.#lens === NO_LENS ? 0 : this.#placeOf(anchor);
    const isCurrent = anchor === this.#current;
    this.#lens = state.lens;
    this.#known.clear();
    this.#rows.show(0, 0, () => undefined);
    this.#forgetWidth();
    const last = state.end - this.#perWindow + 1;
    const keep = state.keepAt ?? last;
    this.#current = state.keepAt !== undefined && isCurrent ? keep : NO_ROW;
    this.#resumes = false;
    if (place > 0) this.#stand.put(Math.max(state.base, Math.min(keep, state.end - 1)));
    else this.#stand.put(Math.max(state.base, Math.min(keep, Math.max(last, state.base))), keep <= last ? -place : 0);
    this.#pending = -Math.max(0, place);
    this.#seen = state.end;
  }

  /** The row that stays where it is when others come and go. */
  get #anchorAt(): number {
    const at = this.#current;
    return at >= this.#rows.from && at < this.#rows.to && this.#inSight(at) === 'whole' ? at : this.#stand.top;
  }

  /** Where a row's upper edge is, px from that of the window. */
  #placeOf(at: number): number {
    return at < this.#stand.top ? 0 : this.#stand.placeOf(at, this.#ground());
  }

  #inSight(at: number): 'whole' | 'part' | 'out' {
    if (this.following || at < this.#stand.top || at >= this.#rows.to) return 'out';
    const place = this.#placeOf(at);
    if (place >= this.#height) return 'out';
    return place >= 0 && place + this.#heightOf(at) <= this.#height ? 'whole' : 'part';
  }

  get #lastInSight(): number {
    let at = this.#stand.top;
    while (at + 1 < this.#rows.to && this.#inSight(at + 1) === 'whole') at++;
    return at;
  }

  /** Have a row in sight by the least way. */
  #bringIn(at: number): void {
    if (this.#inSight(at) === 'whole') return this.#draw();
    if (at <= this.#stand.top) {
      this.#stand.put(at);
      return this.#draw();
    }
    this.#resumes = false;
    if (at >= this.#rows.to) {
      this.#stand.put(at);
      this.#pending = this.#line - this.#height;
    } else {
      const tall = this.#heightOf(at) > this.#height; // higher than the window: its beginning counts
      const place = this.#placeOf(at);
      this.#pending = tall ? place : place + this.#heightOf(at) - this.#height;
    }
    this.#step();
  }

  /** The most rows that the window can show. */
  get #perWindow(): number {
    return Math.ceil(this.#height / this.#line) + 1;
  }

  /** The row around which others are kept. */
  get #middle(): number {
    return this.following ? this.#end : this.#stand.top;
  }

  /** The row at the top, counted from the oldest, with the part of it that is above the edge. */
  get #topPlace(): number {
    return this.#stand.top - this.#base + Math.min(0.999, this.#stand.above / Math.max(this.#line, this.#topHeight));
  }

  #have(from: number, to: number): boolean {
    return this.#known.have(from, to, { base: this.#base, end: this.#end });
  }

  #show(from: number, to: number, hurried = false): void {
    this.#rows.here = this.#current;
    this.#rows.show(from, to, (at) => this.#known.row(at), hurried);
    this.#header.fit();
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
    // Lines that come by the windowful are seen for one frame: they are coloured when they stay.
    const hurried = from >= this.#rows.to && this.#rows.to > this.#rows.from;
    clearTimeout(this.#coloring);
    const rested = performance.now() - this.#drawn;
    if (hurried && rested < HURRY) return void (this.#coloring = setTimeout(() => this.#draw(), HURRY - rested));
    this.#show(from, this.#end, hurried);
    this.#drawn = performance.now();
    if (hurried) this.#coloring = setTimeout(() => this.#draw(), STAYS);
    this.#block.style.translate = '';
    const few = this.#end - this.#base < this.#perWindow;
    this.#block.classList.toggle('newest', !few || this.#block.offsetHeight > this.#height);
  }

  #drawStill(): void {
    const stand = this.#stand;
    // Rows that have been dropped for newer ones stay while they can be seen; then it goes on from the oldest that is held.
    if (stand.top < this.#base && !this.#isKnown()) stand.put(this.#base);
    const to = Math.max(stand.top, Math.min(this.#end, stand.top + this.#perWindow + 1));
    if (!this.#have(stand.top, to)) return;
    this.#hurry();
    this.#show(stand.top, to, this.#hurried);
    this.#place();
    clearTimeout(this.#coloring);
    if (this.#hurried) this.#coloring = setTimeout(() => this.#draw(), STAYS);
  }

  /** Scrolled by half a window twice within a moment: that is looked for a place, not read. */
  #hurry(): void {
    const now = performance.now();
    const rested = now - this.#flown > STAYS;
    const far = 2 * Math.abs(this.#stand.top - this.#rows.from) > this.#perWindow;
    if (far) this.#flown = now;
    this.#hurried = !rested && (far || this.#hurried);
  }

  #place(): void {
    const { above } = this.#stand;
    this.#block.classList.remove('newest');
    this.#block.style.translate = above === 0 ? '' : `0 ${-above}px`;
  }

  /** Whether the rows from the top on that are no longer held are still known here. */
  #isKnown(): boolean {
    const { top } = this.#stand;
    for (let at = top; at < Math.min(this.#base, top + this.#perWindow + 1); at++) if (!this.#known.row(at)) return false;
    return true;
  }

  /** Whether each of these rows is exactly one line of text high. */
  #isEven(from = this.#rows.from, to = this.#rows.to): boolean {
    return !this.#wrap && this.#rows.areEven(from, to, (at) => this.#rows.rowAt(at) ?? this.#known.row(at));
  }

  #heightOf(at: number): number {
    return this.#isEven() ? this.#line : (this.#rows.placeOf(at)?.height ?? this.#line);
  }

  #ground(even = this.#isEven(), from = this.#rows.from, to = this.#rows.to): Ground {
    return { heightOf: (at) => (even ? this.#line : (this.#rows.placeOf(at)?.height ?? this.#line)), from, to, window: this.#height };
  }

  /** Do the scrolling that is pending, as soon as the rows for it are known. */
  #step(): void {
    const stand = this.#stand;
    if (stand.top < this.#base) stand.put(this.#base);
    const pixels = this.#pending;
    const reach = this.#perWindow + Math.ceil(Math.abs(pixels) / this.#line) + 1;
    const from = pixels < 0 || !this.#resumes ? Math.max(this.#base, stand.top - reach) : stand.top;
    const to = Math.min(this.#end, stand.top + reach);
    if (!this.#have(from, to)) return;
    this.#pending = 0;
    const even = this.#isEven(from, to);
    if (!even) this.#show(from, to); // only drawn rows tell how high they are
    const ground = this.#ground(even, from, to);
    if (pixels < 0) stand.up(-pixels, ground);
    else stand.down(pixels, ground);
    this.#topHeight = ground.heightOf(stand.top);
    const atEnd = to === this.#end && stand.endsWithin(ground);
    if (atEnd && pixels > 0 && this.#resumes) return this.resume();
    // Gone to, not scrolled: the window stays full.
    if (atEnd && !this.#resumes && to > from) stand.end(to - 1, ground);
    this.#resumes = true;
    this.#draw();
    this.#events.changed();
  }

  #jump(row: number | undefined): void {
    if (row === undefined) return this.resume();
    this.pause();
    this.#goTo(this.#base + row, this.#isEven() ? (row % 1) * this.#line : 0);
  }

  #goTo(row: number, above = 0): void {
    this.#pending = 0;
    this.#stand.put(Math.max(this.#base, Math.min(Math.floor(row), this.#end - 1)), above);
    this.#draw();
    this.#events.changed();
  }

  /** Rows come to be drawn otherwise, which changes their heights: of the row at the top the same part stays above the edge. */
  #restyle(change: () => void): void {
    const stand = this.#stand;
    const before = this.following || this.#lens === NO_LENS ? 0 : this.#heightOf(stand.top);
    change();
    this.#draw();
    this.#rescale(before);
    this.#thumb.settle();
    this.#thumb.put();
  }

  /** The row at the top had another height before: see `Stand.scale`. */
  #rescale(before: number): void {
    if (this.following || before === 0) return;
    this.#topHeight = this.#heightOf(this.#stand.top);
    this.#stand.scale(before, this.#topHeight);
    this.#place();
  }

  /** One row comes to be drawn otherwise: nothing above it moves. */
  #change(change: () => void): void {
    this.pause();
    change();
    this.#rows.stale();
    this.#draw();
    this.#stand.above = Math.min(this.#stand.above, Math.max(0, this.#heightOf(this.#stand.top) - 1));
    this.#place();
    this.#thumb.put();
    this.#events.changed();
  }

  #toggle(row: Row): void {
    const { opened } = this.#rows.marks;
    this.#change(() => {
      if (!opened.delete(row.position)) opened.set(row.position, new Set());
    });
  }

  #forgetWidth(): void {
    this.#width = 0;
    this.#area.style.minWidth = '';
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
    const width = this.#scroller.clientWidth;
    const turned = this.#wrap && width !== this.#window;
    const before = turned ? this.#topHeight : 0;
    this.#window = width;
    this.#fit();
    if (this.following) this.#events.follow(this.#perWindow);
    this.#draw();
    this.#rescale(before);
    this.#thumb.settle();
    this.#thumb.put();
  }

  /** Learn the size of the window. */
  #fit(): void {
    const whole = this.#scroller.clientHeight;
    this.#height = Math.max(0, whole - this.#header.height);
    this.#pane.style.height = `${whole}px`;
    this.#pane.style.setProperty('--window', `${this.#window}px`);
  }

  #listen(): Pointer {
    const block = this.#block;
    this.#scroller.addEventListener('scroll', () => block.classList.toggle('aside', this.#scroller.scrollLeft > 0), { passive: true });
    setInterval(() => {
      if (this.#rows.look.time === 'relative' && !document.hidden) this.#draw();
    }, CLOCK);
    return new Pointer(block, this.#rows, {
      pointed: (at = NO_ROW) => {
        this.#rows.here = this.#current = at;
        this.#rows.dress();
      },
      pressed: (row, what) => {
        this.#current = row.at;
        if (what === 'twist') return this.#toggle(row);
        this.pause();
        this.#events.act?.({ act: what, position: row.position });
      },
      // The lines stood still while the button was down; they go on unless something has been selected.
      released: () => this.following && this.#draw(),
      selected: () => this.pause(),
    });
  }
}
