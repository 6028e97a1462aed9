/** The names of the columns, above the rows. */
import { small } from './ink.ts';
import type { Rows } from './rows.ts';

export class Header {
  readonly element = document.createElement('div');
  readonly #rows: Rows;
  readonly #remove: (path: string) => void;
  #drawn = ''; // the widths that the columns have

  /** `remove` is told of a column that is wanted no more. */
  constructor(rows: Rows, remove: (path: string) => void) {
    this.#rows = rows;
    this.#remove = remove;
    this.element.className = 'columns';
    this.element.hidden = true;
  }

  /** Its height, px; 0 where there are no columns. */
  get height(): number {
    return this.element.offsetHeight;
  }

  draw(): void {
    const { columns } = this.#rows;
    this.element.hidden = columns.length === 0;
    const cells = columns.map((column, i) => {
      const cell = small('cell', '');
      cell.style.width = `var(--column-${i})`;
      cell.title = column;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = '×';
      button.ariaLabel = `Remove the column ${column}`;
      button.addEventListener('click', () => this.#remove(column));
      cell.append(small('', column), button);
      return cell;
    });
    this.element.replaceChildren(small('before', ''), ...cells);
    this.#drawn = '';
    this.fit();
  }

  /** Give the columns their widths, if those have changed. */
  fit(): void {
    const { columns, widths } = this.#rows;
    const now = columns.map((column) => widths.of(column));
    if (now.join() === this.#drawn) return;
    this.#drawn = now.join();
    now.forEach((width, i) => this.element.parentElement?.style.setProperty(`--column-${i}`, `${width + 2}ch`));
  }
}
