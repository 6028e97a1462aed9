/** The pointer on the lines: what is clicked, held and selected there, and what a copy of it is. */
import { cleanText } from './copy.ts';
import type { Rows } from './rows.ts';
import type { Row } from './talk.ts';

/** What a view does about the pointer. */
export type PointerEvents = {
  /** The row of this number is pointed at, or none (undefined). */
  pointed(at: number | undefined): void;
  /** A button of a row: its fields, what is folded under it, what can be loaded in its place. */
  pressed(row: Row, what: 'twist' | 'unfold' | 'back'): void;
  /** Something is selected. */
  selected(): void;
  /** The button is up again. */
  released(): unknown;
};

export class Pointer {
  /** The button is down on the lines: they stand still, so that what is pointed at stays there. */
  held = false;
  readonly #block: HTMLElement;
  readonly #rows: Rows;
  readonly #events: PointerEvents;

  constructor(block: HTMLElement, rows: Rows, events: PointerEvents) {
    this.#block = block;
    this.#rows = rows;
    this.#events = events;
    block.addEventListener('pointerdown', (event) => {
      this.held = event.button === 0;
      events.pointed(event.target instanceof Element ? rows.rowOf(event.target)?.at : undefined);
    });
    block.addEventListener('click', (event) => this.#clicked(event));
    block.addEventListener('copy', (event) => this.#copied(event));
    document.addEventListener('pointerup', () => this.#released());
    document.addEventListener('pointercancel', () => this.#released());
    document.addEventListener('selectionchange', () => this.#selected());
  }

  #clicked(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target.closest('.twist, .folds, .repeats, .loads') : null;
    const row = target && this.#rows.rowOf(target);
    if (row) this.#events.pressed(row, target.matches('.twist') ? 'twist' : target.matches('.loads') ? 'back' : 'unfold');
  }

  /** A selection over several rows is copied as the lines came, without what only the page shows. */
  #copied(event: ClipboardEvent): void {
    const text = cleanText(document.getSelection(), this.#rows);
    if (text === undefined || !event.clipboardData) return;
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
  }

  #released(): void {
    if (!this.held) return;
    this.held = false;
    this.#events.released();
  }

  #selected(): void {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !selection.anchorNode) return;
    if (this.#block.contains(selection.anchorNode)) this.#events.selected();
  }
}
