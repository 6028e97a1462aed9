/** Where filters match in the rows that are shown: asked of the match worker once for each row, and not waited for long. */
import { isLine } from './kind.ts';
import type { Hits } from './hits.ts';
import type { Hunt } from './hunt.ts';
import type { Row } from './talk.ts';

const MAX_MARKED = 4000;
/** How long rows wait for their marks, ms. */
const WAIT = 60;

export class Marks {
  readonly #hunt: Hunt;
  readonly #known = new Map<number, number[]>(); // by position
  #hits: Hits | undefined;

  constructor(hunt: Hunt) {
    this.#hunt = hunt;
  }

  /** The marks of each row; those that are not known in time are empty. */
  async of(hits: Hits | undefined, rows: readonly Row[]): Promise<number[][]> {
    if (hits !== this.#hits || this.#known.size > MAX_MARKED) {
      this.#known.clear();
      this.#hits = hits;
    }
    if (!hits) return rows.map(() => []);
    const unknown = rows.filter((row) => isLine(row.kind) && !this.#known.has(row.position));
    if (unknown.length > 0) {
      const asked = this.#hunt.mark(hits, unknown.map((row) => row.text)).then((marks) => {
        if (hits === this.#hits) unknown.forEach((row, i) => this.#known.set(row.position, marks[i] ?? []));
      });
      await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, WAIT))]);
    }
    return rows.map((row) => this.#known.get(row.position) ?? []);
  }
}
