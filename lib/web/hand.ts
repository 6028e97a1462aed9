/** The person's hand on single lines: what is pointed at, held, selected and copied, opened, wrapped and counted from, by pointer or by keys. */
import { cleanText } from './copy.ts';
import type { FieldAct } from './fieldtree.ts';
import { withRest } from './later.ts';
import { NO_ROW, type Rows } from './rows.ts';
import type { Row } from './talk.ts';

/** What a person does with a row, for others to see to. */
export type RowAct = FieldAct | { act: 'unfold'; position: number } | { act: 'back'; position: number };

/** The view that shows the lines. */
export type Lines = {
  /** The row that the person is at. */
  readonly row: Row | undefined;
  /** Stand still. */
  pause(): void;
  /** One row comes to be drawn otherwise: nothing above it moves. */
  change(how: () => void): void;
  /** Have an element within a row in sight, as much of it as there is room for. */
  reveal(element: Element): void;
  /** Draw what there is. */
  draw(): void;
};

export class Hand {
  /** The button is down on the lines: they stand still, so that what is pointed at stays there. */
  held = false;
  readonly #rows: Rows;
  readonly #view: Lines;
  readonly #act: (act: RowAct) => void;

  /** Of the pointer and of what is selected it hears until `signal` is aborted. */
  constructor(rows: Rows, view: Lines, act: (act: RowAct) => void, signal: AbortSignal) {
    this.#rows = rows;
    this.#view = view;
    this.#act = act;
    const { element } = rows;
    element.addEventListener('pointerdown', (event) => this.#pointed(event));
    element.addEventListener('click', (event) => this.#clicked(event));
    element.addEventListener('focusin', ({ target }) => target instanceof Element && target.matches('.field') && view.reveal(target));
    element.addEventListener('copy', (event) => this.#copied(event));
    for (const end of ['pointerup', 'pointercancel']) document.addEventListener(end, () => this.#released(), { signal });
    document.addEventListener('selectionchange', () => this.#selected(), { signal });
  }

  /** Wrap the lines of the current row, or no longer. */
  wrapLine(): void {
    const { row } = this.#view;
    if (!row) return;
    const { wrapped } = this.#rows.marks;
    this.#view.change(() => {
      if (!wrapped.delete(row.position)) wrapped.add(row.position);
    });
  }

  /** Count times from the current row; from there no longer if it is the one. Gives whether they are counted from it. */
  countFrom(): boolean {
    const { marks } = this.#rows;
    const { row } = this.#view;
    marks.zero = !row || marks.zero?.position === row.position ? undefined : { position: row.position, ts: row.ts };
    this.#view.draw();
    return marks.zero !== undefined;
  }

  /** Open the fields of the current row and go into them; where it has none, open what is folded under it or what it stands for. */
  open(): void {
    const { row } = this.#view;
    if (!row) return;
    if (this.#rows.canOpen(row)) withRest(() => this.#enter(row), true);
    else if (row.folded > 0 || row.repeats > 1) this.#ask('unfold', row);
  }

  #enter(row: Row): void {
    if (!this.#rows.marks.opened.has(row.position)) this.#toggle(row);
    const element = this.#rows.elementAt(row.at);
    element?.querySelector<HTMLElement>('.field')?.focus({ preventScroll: true });
    if (element) this.#view.reveal(element);
  }

  /** Shut the fields of the current row, or fold what is open under it. */
  shut(): void {
    const { row } = this.#view;
    if (!row) return;
    if (this.#rows.marks.opened.has(row.position)) this.#toggle(row);
    else if (row.opened) this.#ask('unfold', row);
  }

  #ask(act: 'unfold' | 'back', { position }: Row): void {
    this.#view.pause();
    this.#act({ act, position });
  }

  #toggle(row: Row): void {
    const { opened } = this.#rows.marks;
    this.#view.change(() => {
      if (!opened.delete(row.position)) opened.set(row.position, new Set());
    });
  }

  #pointed({ button, target }: PointerEvent): void {
    this.held = button === 0;
    this.#rows.here = (target instanceof Element ? this.#rows.rowOf(target)?.at : undefined) ?? NO_ROW;
    this.#rows.dress();
  }

  /** A button of a row: its fields, what can be loaded in its place, what is folded under it. */
  #clicked({ target }: MouseEvent): void {
    const button = target instanceof Element ? target.closest('.twist, .folds, .repeats, .loads') : null;
    const row = button && this.#rows.rowOf(button);
    if (!row) return;
    this.#rows.here = row.at;
    if (button.matches('.twist')) withRest(() => this.#toggle(row));
    else this.#ask(button.matches('.loads') ? 'back' : 'unfold', row);
  }

  /** A selection over several rows is copied as the lines came, without what only the page shows. */
  #copied(event: ClipboardEvent): void {
    const text = cleanText(document.getSelection(), this.#rows);
    if (text === undefined || !event.clipboardData) return;
    event.clipboardData.setData('text/plain', text);
    event.preventDefault();
  }

  /** The lines stood still while the button was down; they go on unless something has been selected. */
  #released(): void {
    if (!this.held) return;
    this.held = false;
    this.#view.draw();
  }

  #selected(): void {
    const selection = document.getSelection();
    if (selection && !selection.isCollapsed && selection.containsNode(this.#rows.element, true)) this.#view.pause();
  }
}
