/** The rows on the screen: the elements that they lie in, how large all that is, and which are drawn, whole or in a hurry. */
import type { Header } from './header.ts';
import type { Known } from './known.ts';
import { lineHeight, type Look } from './look.ts';
import type { Rows } from './rows.ts';
import type { Ground } from './stand.ts';
import type { Land, Place } from './walk.ts';

/** Lines that come by the windowful are drawn so often, ms. */
const HURRY = 30;
/** Lines that have not moved on for so long, ms, are there to be read. */
const STAYS = 90;

/** Height of the pill, and of what is below it, px. */
const FOOT = 56;

export class Stage implements Land {
  /** What is scrolled: as high as the scroll bar wants it (thumb.ts), as wide as the widest row. */
  readonly area: HTMLElement;
  height = 0; // of the window onto the rows, px
  line = 20; // height of a line of text, px; every row is at least that high
  rowHeight = 20; // on average
  readonly #scroller: HTMLElement;
  readonly #pane: HTMLElement;
  readonly #rows: Rows;
  readonly #header: Header;
  readonly #known: Known;
  readonly #again: () => void;
  #wrap = false;
  #width = 0; // of the window
  #widest = 0; // width of the widest row
  #newestAt = 0; // when the newest were last drawn
  #flownAt = -Infinity; // when the window last moved by more than half of what it shows
  #hurried = false; // the rows that it stands on are drawn in a hurry
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `scroller` is filled. `again` is called when what was drawn in a hurry is to be drawn once more. */
  constructor(scroller: HTMLElement, rows: Rows, header: Header, known: Known, again: () => void) {
    this.#scroller = scroller;
    this.#rows = rows;
    this.#header = header;
    this.#known = known;
    this.#again = again;
    this.#pane = part('pane', header.element, part('stage', rows.element));
    this.area = part('area', this.#pane);
    scroller.replaceChildren(this.area);
    scroller.addEventListener('scroll', () => rows.element.classList.toggle('aside', scroller.scrollLeft > 0));
  }

  // How large things are.

  /** From where to where on the screen rows are seen, px; less what lies over the last of them while it stands still. */
  get sight(): { top: number; bottom: number } {
    const { bottom } = this.#pane.getBoundingClientRect();
    return { top: bottom - this.height, bottom: bottom - FOOT };
  }

  /** Scroll to the side if an element of a row's text is not in sight. */
  bringAcross(element: Element): void {
    const edge = this.#scroller.getBoundingClientRect().left;
    const { left, right } = element.getBoundingClientRect();
    const before = element.closest<HTMLElement>('.text')?.offsetLeft ?? 0;
    if (left >= edge + before && right <= edge + this.#width) return;
    this.measure(); // it may be the widest row until now
    this.#scroller.scrollLeft += left - edge - this.#width / 2;
  }

  get perWindow(): number {
    return Math.ceil(this.height / this.line) + 1;
  }

  /** Whether each of these rows, or of those that are drawn, is exactly one line of text high. */
  isEven(from = this.#rows.from, to = this.#rows.to): boolean {
    return !this.#wrap && this.#rows.areEven(from, to, (at) => this.#rows.rowAt(at) ?? this.#known.row(at));
  }

  get drawn(): Ground {
    return this.#ground(this.#rows.from, this.#rows.to, this.isEven());
  }

  groundOf(from: number, to: number): Ground {
    const even = this.isEven(from, to);
    if (!even) this.#show(from, to);
    return this.#ground(from, to, even);
  }

  #ground(from: number, to: number, even: boolean): Ground {
    return { heightOf: (at) => (even ? this.line : (this.#rows.placeOf(at)?.height ?? this.line)), from, to, window: this.height };
  }

  /** The row that is at the upper edge of the window as it is laid out, and how many pixels of it are above. */
  get atEdge(): Place {
    const rows = this.#rows;
    const blockTop = rows.element.offsetTop;
    let top = rows.from;
    let place = rows.placeOf(top);
    while (place && blockTop + place.top + place.height <= 0 && top + 1 < rows.to) place = rows.placeOf(++top);
    return { top, above: place ? -Math.min(0, blockTop + place.top) : 0 };
  }

  /** Learn the size of the window. Gives whether rows have other heights by it. */
  resize(): boolean {
    const width = this.#scroller.clientWidth;
    const turned = this.#wrap && width !== this.#width;
    this.#width = width;
    this.#fit();
    return turned;
  }

  #fit(): void {
    const whole = this.#scroller.clientHeight;
    this.height = Math.max(0, whole - this.#header.height);
    this.#pane.style.height = `${whole}px`;
    this.#pane.style.setProperty('--window', `${this.#width}px`);
  }

  /** Learn the average height of wrapped rows, or the width of the widest row. */
  measure(): void {
    const { element, from, to } = this.#rows;
    if (to === from) return;
    if (this.#wrap) this.rowHeight += (element.offsetHeight / (to - from) - this.rowHeight) / 8;
    else if (element.scrollWidth > this.#widest) {
      this.#widest = element.scrollWidth;
      this.area.style.minWidth = `${this.#widest}px`;
    }
  }

  /** The rows to come may be narrower than all until now. */
  forgetWidth(): void {
    this.#widest = 0;
    this.area.style.minWidth = '';
  }

  // How rows look. They are to be drawn after each of these.

  get wrap(): boolean {
    return this.#wrap;
  }

  set wrap(on: boolean) {
    this.#wrap = on;
    this.#rows.element.classList.toggle('wrap', on);
    this.forgetWidth();
    this.#scroller.scrollLeft = 0;
    this.rowHeight = this.line;
  }

  set look(look: Look) {
    const line = lineHeight(look);
    this.rowHeight *= line / this.line;
    this.line = line;
    this.#rows.look = look;
    this.#scroller.style.setProperty('--line', `${line}px`);
    this.#scroller.style.setProperty('--size', `${look.size}px`);
    this.#scroller.dataset['time'] = look.time;
    this.#headed();
  }

  set columns(columns: readonly string[]) {
    this.#rows.columns = columns;
    this.#headed();
  }

  #headed(): void {
    this.forgetWidth();
    this.#header.draw();
    this.#fit();
  }

  // Which are drawn.

  /** Draw none. */
  clear(): void {
    this.#show(0, 0);
  }

  /** Draw the newest rows, as soon as they are known. */
  drawNewest(): void {
    const { base, end } = this.#known;
    const { element, from: shownFrom, to: shownTo } = this.#rows;
    const from = Math.max(base, end - this.perWindow);
    if (!this.#known.have(from, end)) return;
    // Lines that come by the windowful are seen for one frame: they are coloured when they stay.
    const hurried = from >= shownTo && shownTo > shownFrom;
    const rested = performance.now() - this.#newestAt;
    if (hurried && rested < HURRY) return this.#drawAgain(HURRY - rested);
    this.#show(from, end, hurried);
    this.#newestAt = performance.now();
    this.#drawAgain(hurried ? STAYS : undefined);
    element.style.translate = '';
    element.classList.toggle('newest', end - base >= this.perWindow || element.offsetHeight > this.height);
  }

  /** Draw the rows from `top` on, so many pixels of it above the edge, as soon as they are known. */
  drawFrom(top: number, above: number): void {
    const to = Math.max(top, Math.min(this.#known.end, top + this.perWindow + 1));
    if (!this.#known.have(top, to)) return;
    // Scrolled by half a window twice within a moment: that is looked for a place, not read.
    const now = performance.now();
    const rested = now - this.#flownAt > STAYS;
    const far = 2 * Math.abs(top - this.#rows.from) > this.perWindow;
    if (far) this.#flownAt = now;
    this.#hurried = !rested && (far || this.#hurried);
    this.#show(top, to, this.#hurried);
    this.place(above);
    this.#drawAgain(this.#hurried ? STAYS : undefined);
  }

  /** Have so many pixels of the rows above the edge. */
  place(above: number): void {
    const { classList, style } = this.#rows.element;
    classList.remove('newest');
    style.translate = above === 0 ? '' : `0 ${-above}px`;
  }

  /** Draw once more in so many ms, or not. */
  #drawAgain(wait: number | undefined): void {
    clearTimeout(this.#timer);
    if (wait !== undefined) this.#timer = setTimeout(this.#again, wait);
  }

  #show(from: number, to: number, hurried = false): void {
    const focused = this.#rows.element.contains(document.activeElement);
    this.#rows.show(from, to, (at) => this.#known.row(at), hurried);
    // What had the focus may be gone with its row.
    if (focused && !this.#rows.element.contains(document.activeElement)) this.#scroller.focus({ preventScroll: true });
    this.#header.fit();
  }
}

function part(name: string, ...children: HTMLElement[]): HTMLElement {
  const element = document.createElement('div');
  element.className = name;
  element.append(...children);
  return element;
}
