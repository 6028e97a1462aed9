/** One view of the lines that are held: its choice, its rows, its filters and how far they are. */
import { isLine, type Chunk } from './chunk.ts';
import { Hits, type Stretch } from './hits.ts';
import type { Hunt } from './hunt.ts';
import { Lens } from './lens.ts';
import { filterFault } from './pattern.ts';
import type { Store } from './store.ts';
import { EVERYTHING, LEVEL, ROW_BYTES, type Choice, type Filter, type PaneState, type Row, type Say, type Search } from './talk.ts';

/** A filter is shown before it has tried everything once it has found this many rows: more than a screen. */
const ENOUGH = 200;
const MAX_ROWS = 2000;
const MAX_MARKED = 4000;
/** How long rows wait for their marks, ms. */
const MARK_WAIT = 60;

export class Pane {
  readonly #id: number;
  readonly #store: Store;
  readonly #hunt: Hunt;
  #serial = 0;
  #choice: Choice = EVERYTHING;
  #keep: number | undefined;
  #lens: Lens;
  /** The filters in force, and those that are being tried before they take their place (or are already shown, though not done). */
  #good: Hits | undefined;
  #trial: Hits | undefined;
  #shown: Hits | undefined;
  #trialLens: Lens | undefined;
  #stopped = '';
  #fed = 0; // position up to which rows have been given to the lens
  #tail = 0;
  readonly #marks = new Map<number, number[]>(); // by position, of the filters shown
  #marksOf: Hits | undefined;

  constructor(id: number, store: Store, hunt: Hunt) {
    this.#id = id;
    this.#store = store;
    this.#hunt = hunt;
    this.#fed = store.end;
    this.#lens = this.#newLens(undefined);
  }

  /** Show another choice; see `Ask`. */
  show(serial: number, choice: Choice, keep: number | undefined): void {
    const old = this.#choice;
    this.#serial = serial;
    this.#keep = keep;
    this.#choice = choice;
    if (!same(choice.filters, old.filters)) this.#filter(choice.filters);
    if (!same({ ...choice, filters: [] }, { ...old, filters: [] })) {
      this.#lens = this.#newLens(this.#shown);
      if (this.#trialLens) this.#trialLens = this.#newLens(this.#trial);
    }
    this.#adopt();
  }

  close(): void {
    for (const hits of [this.#good, this.#trial]) if (hits) this.#hunt.drop(hits);
  }

  set tail(rows: number) {
    this.#tail = Math.min(rows, MAX_ROWS);
  }

  async rows(lens: number, from: number, to: number): Promise<Say | undefined> {
    if (lens !== this.#lens.key) return undefined;
    return { say: 'rows', pane: this.#id, lens, from, rows: await this.#rows(this.#lens, from, Math.min(to, from + MAX_ROWS)) };
  }

  /** How things stand, with the newest rows if they are wanted. */
  async state(): Promise<PaneState> {
    const lens = this.#lens;
    const { key, base, end, lines, matched } = lens;
    const tail = this.#tail > 0 ? await this.#rows(lens, Math.max(base, end - this.#tail), end) : undefined;
    if (lens !== this.#lens) return this.state();
    return {
      pane: this.#id, serial: this.#serial, lens: key, base, end, lines, matched, tail,
      keepAt: this.#keep === undefined ? undefined : lens.numberOf(this.#keep),
      filters: this.#shown?.filters ?? [],
      search: this.#search(),
      errors: 0,
      changed: [],
      find: { serial: 0, count: 0, searching: false, stopped: false },
      rail: new Uint8Array(0),
      shape: undefined,
    };
  }

  /** Rows have come: give them to the lens if it needs no filter. */
  grown(): void {
    const { chunks } = this.#store;
    for (let i = this.#store.indexOf(this.#fed); i < chunks.length; i++) {
      const chunk = chunks[i];
      if (chunk && !this.#shown) this.#lens.take(chunk, Math.max(0, this.#fed - chunk.first), chunk.count, undefined, false, false);
    }
    this.#fed = this.#store.end;
  }

  /** A chunk has left the store; it was the oldest. */
  forget(chunk: Chunk): void {
    for (const lens of [this.#lens, this.#trialLens]) lens?.forget(chunk);
    for (const hits of [this.#good, this.#trial]) hits?.forget(chunk);
  }

  /** Rows have been tried. */
  found(hits: Hits, { chunk, from, to, older }: Stretch): void {
    const lens = hits === this.#shown ? this.#lens : hits === this.#trial ? this.#trialLens : undefined;
    lens?.take(chunk, from, to, hits.bitsOf(chunk), older, true);
    this.#adopt();
  }

  /** Filters were given up. */
  stopped(hits: Hits): void {
    if (hits !== this.#trial && hits !== this.#good) return;
    this.#stopped = this.#culprit(hits);
    if (hits === this.#good) this.#good = undefined;
    else this.#trial = this.#trialLens = undefined;
    this.#showGood();
  }

  /** Of the filters that were given up, the first that was not in force before. */
  #culprit(hits: Hits): string {
    const fresh = hits.filters.find((filter) => !this.#good?.filters.some((other) => same(other, filter)));
    return (fresh ?? hits.filters[0])?.source ?? '';
  }

  #search(): Search {
    if (this.#stopped !== '') return { state: 'stopped', progress: 0, source: this.#stopped };
    const hits = this.#trial;
    if (!hits) return { state: 'done', progress: 1, source: '' };
    return { state: 'searching', progress: hits.progress(this.#store), source: this.#culprit(hits) };
  }

  #filter(filters: Filter[]): void {
    this.#stopped = '';
    if (this.#trial) this.#hunt.drop(this.#trial);
    this.#trial = this.#trialLens = undefined;
    if (filters.length === 0) {
      if (this.#good) this.#hunt.drop(this.#good);
      this.#good = undefined;
    } else if (filters.every((filter) => filterFault(filter) === undefined)) {
      this.#trial = new Hits(filters, this.#store.end);
      this.#trialLens = this.#newLens(this.#trial);
      this.#hunt.add(this.#trial);
    }
    // What was shown of filters that were never done is not gone on with; the last good ones are shown whole.
    this.#showGood();
  }

  #showGood(): void {
    if (this.#shown === this.#good) return;
    this.#shown = this.#good;
    this.#lens = this.#newLens(this.#good);
  }

  #newLens(hits: Hits | undefined): Lens {
    return new Lens(this.#store, this.#choice.streams && new Set(this.#choice.streams), hits);
  }

  /** The trial is shown once it has enough or is done; then it is the good one. */
  #adopt(): void {
    const { trial, lens } = { trial: this.#trial, lens: this.#trialLens };
    if (!trial) return;
    const done = trial.done(this.#store);
    if (lens && (done || (this.#keep === undefined && lens.end - lens.base >= ENOUGH))) {
      this.#shown = trial;
      this.#lens = lens;
      this.#trialLens = undefined;
    }
    if (done) {
      if (this.#good) this.#hunt.drop(this.#good);
      this.#good = trial;
      this.#trial = undefined;
    }
  }

  async #rows(lens: Lens, from: number, to: number): Promise<Row[]> {
    const rows: Row[] = [];
    for (let at = Math.max(from, lens.base); at < to; at++) {
      const place = lens.at(at);
      if (place) rows.push(rowOf(at, place.chunk, place.row));
    }
    if (this.#shown) await this.#mark(this.#shown, rows);
    return rows;
  }

  /** Give rows the marks of the filters; those that are not known in time stay without. */
  async #mark(hits: Hits, rows: Row[]): Promise<void> {
    if (hits !== this.#marksOf || this.#marks.size > MAX_MARKED) {
      this.#marks.clear();
      this.#marksOf = hits;
    }
    const unknown = rows.filter((row) => isLine(row.kind) && !this.#marks.has(row.position));
    if (unknown.length > 0) {
      const asked = this.#hunt.mark(hits, unknown.map((row) => row.text)).then((marks) => {
        if (hits !== this.#marksOf) return;
        unknown.forEach((row, i) => this.#marks.set(row.position, marks[i] ?? []));
      });
      await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, MARK_WAIT))]);
    }
    for (const row of rows) row.marks = this.#marks.get(row.position) ?? [];
  }
}

function rowOf(at: number, chunk: Chunk, row: number): Row {
  const { kind, id, run, n, ts, more } = chunk.label(row);
  const rest = Math.max(0, chunk.end(row) - chunk.start(row) - ROW_BYTES);
  return {
    at, position: chunk.first + row, kind, id, run, n, ts, level: LEVEL.none, more, text: chunk.text(row, ROW_BYTES), rest, tail: chunk.tail(row),
    marks: [], found: [], repeats: 1, folded: 0, context: false, late: false,
  };
}

/** Whether two plain values are equal. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
