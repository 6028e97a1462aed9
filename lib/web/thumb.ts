/** The scroll bar: an area as high as the rows want it, up to a limit, and the thumb where the rows shown are in it. */
import { areaHeight, rowOf, scrollOf, type Shape } from './scale.ts';

export type ThumbEvents = {
  shape(): Shape;
  /** The row at the top, counted from the oldest, with a fraction; undefined while the newest are followed. */
  row(): number | undefined;
  /** Somebody has scrolled by pixels. */
  move(pixels: number): void;
  /** Somebody has drawn the thumb to a row; undefined for the very end. */
  jump(row: number | undefined): void;
};

/** Scrolling by more than this many windows at once is a jump: the thumb was dragged. */
const JUMP = 2.5;
/** After scrolling has rested this long, ms, the thumb is put where it belongs: rows move by pixels, the thumb by its scale. */
const REST = 150;
/** How often the area grows while lines come, ms. */
const GROW_EVERY = 400;

export class Thumb {
  readonly #scroller: HTMLElement;
  readonly #area: HTMLElement;
  readonly #events: ThumbEvents;
  #height = 0;
  #rows = 0; // for which it is so high
  #scroll = 0; // as it was last seen or set
  #timer: ReturnType<typeof setTimeout> | undefined;
  #put = 0;

  constructor(scroller: HTMLElement, area: HTMLElement, events: ThumbEvents) {
    this.#scroller = scroller;
    this.#area = area;
    this.#events = events;
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    scroller.addEventListener('touchstart', () => this.put(), { passive: true });
    // Where the area is not yet as high as it should be, a wheel might find nothing to scroll.
    scroller.addEventListener('wheel', (event) => event.deltaY < 0 && events.row() === undefined && this.put(), { passive: true });
  }

  /** How long the thumb has been where it is, ms. */
  get rested(): number {
    return performance.now() - this.#put;
  }

  /** Put the thumb where it belongs, at once. */
  put(): void {
    // Scrolled by hand, though the event has not come yet: that must not be undone.
    if (Math.abs(this.#scroller.scrollTop - this.#scroll) >= 1) this.#scrolled();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#put = performance.now();
    const shape = this.#events.shape();
    const height = areaHeight(shape);
    if (height !== this.#height) this.#area.style.height = `${height}px`;
    this.#height = height;
    this.#rows = shape.rows;
    const row = this.#events.row();
    const scroll = row === undefined ? height - shape.window : scrollOf(Math.max(0, row), shape);
    if (Math.abs(this.#scroller.scrollTop - scroll) >= 1) this.#scroller.scrollTop = scroll;
    this.#scroll = this.#scroller.scrollTop;
  }

  /** Rows have come: a few times a second is enough, and never while somebody scrolls; but the first too many can be scrolled to. */
  grow(): void {
    if (this.#height <= this.#events.shape().window) this.put();
    else this.#timer ??= setTimeout(() => this.put(), Math.max(0, GROW_EVERY - this.rested));
  }

  /** Whatever has been scrolled until now counts no more: a key was pressed since, or the browser has scrolled to fit the window. */
  settle(): void {
    this.#scroll = this.#scroller.scrollTop;
  }

  #scrolled(): void {
    const scroll = this.#scroller.scrollTop;
    const by = scroll - this.#scroll;
    const shape = this.#events.shape();
    this.#scroll = scroll;
    // With another size of the window it was the browser that scrolled, to fit; the view hears of the size in a moment.
    if (Math.abs(by) < 1 || this.#scroller.clientHeight !== shape.window) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.put(), REST);
    const atEnd = scroll >= this.#height - shape.window - 1; // of the area as it is: rows that have come since do not count
    if (Math.abs(by) > JUMP * shape.window) this.#events.jump(atEnd ? undefined : rowOf(scroll, shape));
    else this.#events.move(by);
    const row = this.#events.row();
    const last = this.#rows - shape.window / shape.rowHeight;
    if (row !== undefined && by > 0 && atEnd && row > last - 1) return this.#events.jump(undefined);
    // At the end of its way the thumb would bring no further event, though rows go on.
    if (row === undefined ? scroll < areaHeight(shape) - shape.window - 1 : (scroll <= 0 && row > 0) || atEnd) this.put();
  }
}
