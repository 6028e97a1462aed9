/** Where filters match in the rows that are shown: asked of the match worker once for each row, and not waited for long. */
import { isLine } from './kind.ts';
import type { Hits } from './hits.ts';
import type { Hunt } from './hunt.ts';
import type { Store } from './store.ts';
import type { Row } from './talk.ts';

const MAX_MARKED = 4000;
/** How long rows wait for their marks, ms. */
const WAIT = 60;

export class Marks {
  readonly #hunt: Hunt;
  readonly #store: Store;
  readonly #late: () => void;
  readonly #known = new Map<number, number[]>(); // by position
  #hits: Hits | undefined;

  /** `late` is told of marks that rows have gone without. */
  constructor(hunt: Hunt, store: Store, late: () => void) {
    this.#hunt = hunt;
    this.#store = store;
    this.#late = late;
  }

  /** The marks of each row; those that are not known in time are empty. What matches only in the rest of a line that its row is sent without is marked behind the end. */
  async of(hits: Hits | undefined, rows: readonly Row[]): Promise<number[][]> {
    if (hits !== this.#hits || this.#known.size > MAX_MARKED) {
      this.#known.clear();
      this.#hits = hits;
    }
    if (!hits) return rows.map(() => []);
    const unknown = rows.filter((row) => isLine(row.kind) && !this.#known.has(row.position));
    if (unknown.length > 0) {
      let waiting = true;
      const asked = this.#hunt.mark(hits, unknown.map((row) => row.text)).then((marks) => {
        if (hits !== this.#hits) return;
        unknown.forEach((row, i) => this.#known.set(row.position, marks[i] ?? []));
        if (!waiting) this.#late();
      });
      await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, WAIT))]);
      waiting = false;
    }
    const marking = hits.filters.some((filter) => !filter.exclude);
    return rows.map(({ position, text, rest }) => {
      const marks = this.#known.get(position) ?? [];
      const behind = marking && rest > 0 && marks.length === 0 && this.#known.has(position) && hits.has(this.#store, position);
      return behind ? [text.length, text.length + 1] : marks;
    });
  }
}
