/** The rows of the lens that is shown: which there are, and those that the page has been sent; what is missing is asked for once. */
import type { Row } from './talk.ts';

/** How near the edge of the known rows the next are asked for, and how many more then. Where none is known, no more than what is near. */
const NEAR = 60;
const AHEAD = 200;
const MAX_KNOWN = 4000;

/** What no lens has for its key. */
export const NO_LENS = -1;

export class Known {
  lens = NO_LENS;
  /** Numbers of the rows that there are: [base, end). */
  base = 0;
  end = 0;
  readonly #want: (lens: number, from: number, to: number) => void;
  readonly #rows = new Map<number, Row>();
  #asked = { from: 0, to: 0 };

  constructor(want: (lens: number, from: number, to: number) => void) {
    this.#want = want;
  }

  /** Know nothing yet of the rows of another lens, or of the same once more. */
  turnTo(lens: number): void {
    this.lens = lens;
    this.#rows.clear();
    this.#asked = { from: 0, to: 0 };
  }

  /** There are these rows now. */
  reach(base: number, end: number): void {
    this.base = base;
    this.end = end;
  }

  /** Of all numbers of rows the nearest to this one; where there is no row, that of the next to come. */
  nearest(at: number): number {
    return Math.max(this.base, Math.min(at, this.end - 1));
  }

  row(at: number): Row | undefined {
    return this.#rows.get(at);
  }

  /** Rows that come of themselves; those far from `middle` may be forgotten. */
  learn(rows: readonly Row[], middle: number): void {
    for (const row of rows) {
      const old = this.#rows.get(row.at);
      // A row that is the same stays the same object: it is not drawn again, so that a selection in it stays.
      if (!old || !same(old, row)) this.#rows.set(row.at, row);
    }
    if (this.#rows.size <= MAX_KNOWN) return;
    for (const at of this.#rows.keys()) if (Math.abs(at - middle) > MAX_KNOWN / 4) this.#rows.delete(at);
  }

  /** Rows that were asked for. */
  answer(rows: readonly Row[], middle: number): void {
    this.#asked = { from: 0, to: 0 };
    this.learn(rows, middle);
  }

  /** Something else may match in rows: those [from, to) are asked for anew and shown meanwhile, others are no longer known. */
  renew(from: number, to: number): void {
    for (const at of this.#rows.keys()) if (at < from || at >= to) this.#rows.delete(at);
    if (from >= to) return;
    this.#asked = { from, to };
    this.#want(this.lens, from, to);
  }

  /** Whether all rows [from, to) are known; else they are asked for. Those around them are asked for in good time. */
  have(from: number, to: number): boolean {
    for (let at = from; at < to; at++) {
      if (this.#rows.has(at)) continue;
      if (from < this.#asked.from || to > this.#asked.to) this.#ask(from - NEAR, to + NEAR);
      return false;
    }
    const low = Math.max(this.base, from - NEAR);
    const high = Math.min(this.end, to + NEAR) - 1;
    const nearEdge = (low < from && !this.#rows.has(low)) || (high >= to && !this.#rows.has(high));
    if (nearEdge && this.#asked.to === this.#asked.from) this.#ask(from - AHEAD, to + AHEAD);
    return true;
  }

  /** Those of [from, to) that there are, without what is known at either end. */
  #ask(from: number, to: number): void {
    this.#asked = { from: Math.max(this.base, from), to: Math.min(this.end, to) };
    ({ from, to } = this.#asked);
    while (this.#rows.has(from)) from++;
    while (this.#rows.has(to - 1)) to--;
    this.#want(this.lens, from, to);
  }
}

/** Whether two rows of one number in a lens are drawn alike. */
function same(a: Row, b: Row): boolean {
  const alike = a.repeats === b.repeats && a.folded === b.folded && a.opened === b.opened && a.context === b.context && a.late === b.late;
  return alike && a.position === b.position && a.level === b.level && sameList(a.marks, b.marks) && sameList(a.found, b.found);
}

function sameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
