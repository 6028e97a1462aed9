/** One view of the lines that are held: its choice, the rows that its filters let pass, and its find box. */
import type { Chunk } from './chunk.ts';
import { isLine } from './kind.ts';
import { rowOf } from './draw.ts';
import { exportLines } from './export.ts';
import { Hits, type Stretch } from './hits.ts';
import type { Hunt } from './hunt.ts';
import { Lens } from './lens.ts';
import { Marks } from './marks.ts';
import { Now } from './now.ts';
import { filterFault } from './pattern.ts';
import { orNone, seekRow, type Answer } from './seek.ts';
import { Sieve } from './sieve.ts';
import type { Store } from './store.ts';
import { countHits, headOf, hitsBefore, nextHit, railBins } from './survey.ts';
import {
  EVERYTHING, type Ask, type Choice, type Filter, type Find, type Form, type PaneState, type Row, type Say, type Shape, type WhyStopped,
} from './talk.ts';

/** Filters are shown before they have tried everything once they have found this many rows: a screen. */
const ENOUGH = 100;
const MAX_ROWS = 2000;
/** How often the rail and the shape are made anew, ms. */
const RAIL_EVERY = 300;
const SHAPE_EVERY = 1000;
const MAX_OPENED = 1000;
/** A line of a trace is folded under its head, and that may be counted in another. */
const MAX_FOLDS = 3;

/** `hit`: the position of what was found, which may have been folded. */
type Found = Answer & { hit?: number };

/** What a pane needs of the others. */
export type Surroundings = {
  store: Store;
  hunt: Hunt;
  bookmarks: () => ReadonlySet<number>;
  loadable: (position: number) => boolean;
  /** With `soon` other rows are to be shown. */
  changed: (soon?: boolean) => void;
};

export class Pane {
  readonly #id: number;
  readonly #around: Surroundings;
  #serial = 0;
  #choice: Choice = EVERYTHING;
  #keep: number | undefined;
  #stale = false;
  #lens: Lens;
  readonly #sieve: Sieve;
  #trialLens: Lens | undefined; // of the filters on trial, which are not shown yet
  #find: Hits | undefined;
  #findSerial = 0;
  #findStopped: WhyStopped | undefined;
  #marked = 0;
  #opened = new Set<number>();
  #after: number | undefined; // position of the first row that has not been cleared away
  #fed: number; // position up to which rows have been given to the lens
  #tail = 0;
  #errors = 0;
  readonly #marks: Marks;
  readonly #found: Marks;
  readonly #rail = new Now<Uint8Array>(RAIL_EVERY, new Uint8Array(0));
  readonly #shape = new Now<Shape | undefined>(SHAPE_EVERY, undefined);

  constructor(id: number, around: Surroundings) {
    this.#id = id;
    this.#around = around;
    const late = (): void => {
      this.#marked++;
      around.changed();
    };
    this.#marks = new Marks(around.hunt, around.store, late);
    this.#found = new Marks(around.hunt, around.store, late);
    this.#sieve = new Sieve(around.hunt, around.store);
    this.#fed = around.store.end;
    this.#lens = this.#newLens(undefined);
  }

  /** Show another choice; see `Ask`. */
  show(serial: number, choice: Choice, keep: number | undefined): void {
    const old = this.#choice;
    this.#serial = serial;
    this.#keep = keep;
    this.#choice = choice;
    this.#turnAfter();
    const stale = this.#stale;
    this.#stale = false;
    if (stale && this.#find) this.find(this.#findSerial, this.#find.filters[0]);
    const anew = stale || !same(choice.filters, old.filters);
    const turned = anew && this.#sieve.turnTo(choice.filters);
    if (stale || turned || !same({ ...choice, filters: [] }, { ...old, filters: [] })) this.#renew();
    else if (anew) this.#renewTrial();
    this.#adopt();
  }

  close(): void {
    this.#sieve.close();
    if (this.#find) this.#around.hunt.drop(this.#find);
  }

  set tail(rows: number) {
    this.#tail = Math.min(rows, MAX_ROWS);
  }

  find(serial: number, filter: Filter | undefined): void {
    if (this.#find) this.#around.hunt.drop(this.#find);
    this.#findSerial = serial;
    this.#findStopped = undefined;
    this.#marked++;
    this.#rail.outdate();
    const runs = filter && filterFault(filter) === undefined;
    this.#find = runs ? new Hits([{ ...filter, exclude: false }], this.#around.store.end) : undefined;
    if (this.#find) this.#around.hunt.add(this.#find);
  }

  seek(ask: Extract<Ask, { ask: 'seek' }>): Say {
    const turned = (ask.lens ?? this.#lens.key) !== this.#lens.key;
    const { hit, ...answer }: Found = turned ? { row: undefined, why: 'gone' } : this.#seek(ask);
    const lens = this.#lens; // what a hit was folded under has been opened
    const index = hit === undefined ? -1 : hitsBefore(lens, this.#find, hit);
    return { say: 'sought', pane: this.#id, serial: ask.serial, lens: lens.key, index, count: countHits(lens, this.#find), ...answer };
  }

  #seek(ask: Extract<Ask, { ask: 'seek' }>): Found {
    const { store, bookmarks } = this.#around;
    if (ask.what !== 'hit') return seekRow(ask, this.#lens, this.#find, store, bookmarks());
    const hit = nextHit(this.#lens, this.#find, ask.row, ask.forward);
    if (hit !== undefined) return { row: this.#rowAt(hit), hit };
    return this.#find?.done(store) === false ? { row: undefined, why: 'still searching' } : orNone(undefined, ask.forward);
  }

  /** The number of the row of a line. What it is folded under is opened, and what that was folded under. */
  #rowAt(position: number): number {
    const { store } = this.#around;
    const chunk = store.chunkOf(position);
    for (let i = 0; i < MAX_FOLDS && chunk; i++) {
      const number = this.#lens.numberOf(position);
      const at = this.#lens.at(number);
      if (at && at.chunk.first + at.row === position) return number;
      const head = headOf(this.#lens, chunk.label(position - chunk.first).id, position);
      // One whose head has been dropped is a row of its own when all is looked at anew.
      if (head === undefined) this.#renew();
      else this.unfold(head);
    }
    return this.#lens.numberOf(position);
  }

  unfold(position: number): void {
    if (!this.#opened.delete(position)) this.#opened.add(position);
    if (this.#opened.size > MAX_OPENED) for (const oldest of this.#opened) return void this.#opened.delete(oldest);
    this.#keep = position;
    this.#renew();
  }

  async export(as: Form): Promise<Say> {
    return { say: 'exported', pane: this.#id, as, ...(await exportLines(this.#lens, as)) };
  }

  async rows(lens: number, from: number, to: number): Promise<Say | undefined> {
    if (lens !== this.#lens.key) return undefined;
    return { say: 'rows', pane: this.#id, lens, from, rows: await this.#rows(numbers(from, Math.min(to, from + MAX_ROWS))) };
  }

  /** How things stand, with the newest rows if they are wanted. */
  async state(): Promise<PaneState> {
    const lens = this.#lens;
    const { key, base, end, lines, matched, levels } = lens;
    const tail = this.#tail > 0 ? await this.#rows(numbers(Math.max(base, end - this.#tail), end)) : undefined;
    const changed = await this.#rows([...(lens.folds?.changed ?? [])].filter((at) => tail === undefined || at < end - this.#tail));
    if (lens !== this.#lens) return this.state();
    lens.folds?.changed.clear();
    const { shown, search } = this.#sieve;
    return {
      pane: this.#id, serial: this.#serial, lens: key, base, end, lines, matched, levels, tail, changed,
      keepAt: this.#keep === undefined ? undefined : lens.numberOf(this.#keep),
      narrowed: shown !== undefined || lens.scope.narrows,
      filters: shown?.filters ?? [],
      search,
      errors: this.#errors,
      marked: this.#marked,
      find: this.#findState(),
      rail: this.#rail.of(() => railBins(lens, this.#find, this.#around.bookmarks()), this.#around.changed),
      shape: this.#shape.of(() => this.#shapeNow(), this.#around.changed),
    };
  }

  /** Rows have come: give them to the lens if it needs no filter. */
  grown(): void {
    const { store } = this.#around;
    // While lines are still being sent it is not known where the last one will be that was cleared away.
    if ((this.#after ?? Infinity) > this.#fed && this.#turnAfter()) {
      this.#fed = store.end;
      this.#renew();
    }
    for (let i = store.indexOf(this.#fed); i < store.chunks.length; i++) {
      const chunk = store.chunks[i];
      if (!chunk || this.#sieve.shown) continue;
      this.#errors += this.#lens.take(chunk, Math.max(0, this.#fed - chunk.first), chunk.count, false);
    }
    this.#fed = store.end;
  }

  /** A chunk has left the store; it was the oldest. */
  forget(chunk: Chunk): void {
    this.#lens.forget(chunk);
    this.#trialLens?.forget(chunk);
    this.#sieve.forget(chunk);
    this.#find?.forget(chunk);
  }

  /** Rows have come in between those that were held: all is looked at anew once it is known where the person stands (`show`). */
  filled(): void {
    this.#stale = true;
  }

  /** Rows have come before all others, which filters find by themselves. */
  older(chunks: readonly Chunk[]): void {
    if (this.#turnAfter() || this.#lens.folds) this.filled();
    else if (!this.#sieve.shown) for (const chunk of chunks.toReversed()) this.#lens.take(chunk, 0, chunk.count, true);
  }

  /** Bookmarks have changed. */
  marked(): void {
    this.#rail.outdate();
  }

  /** Rows have been tried. */
  found(hits: Hits, { chunk, from, to, older }: Stretch): void {
    const { shown, trial } = this.#sieve;
    const lens = hits === shown ? this.#lens : hits === trial ? this.#trialLens : undefined;
    // Where rows stand for others they can join at the newer end only: then it is made when all are known.
    const errors = lens && !(older && lens.folds) ? lens.take(chunk, from, to, older) : 0;
    if (!older && hits === shown) this.#errors += errors;
    if (older && hits === this.#find && hits.done(this.#around.store)) this.#marked++;
    this.#adopt();
  }

  /** Filters were given up. */
  stopped(hits: Hits, why: WhyStopped): void {
    if (hits === this.#find) {
      this.#find = undefined;
      this.#findStopped = why;
    }
    if (this.#sieve.stopped(hits, why)) this.#renew();
    else if (!this.#sieve.trial) this.#trialLens = undefined;
  }

  #findState(): Find {
    const searching = this.#find?.done(this.#around.store) === false;
    return { serial: this.#findSerial, count: countHits(this.#lens, this.#find), searching, stopped: this.#findStopped };
  }

  #shapeNow(): Shape | undefined {
    if (this.#lens.shape.coarse) this.#lens.reshape();
    return this.#lens.shape.shown();
  }

  /** Learn where the first row is that has not been cleared away. Gives whether it is another than before. */
  #turnAfter(): boolean {
    const { after } = this.#choice;
    const old = this.#after;
    this.#after = after === undefined ? undefined : this.#around.store.places.behind(after);
    return this.#after !== old;
  }

  /** Make the lenses anew. */
  #renew(): void {
    this.#turnTo(this.#newLens(this.#sieve.shown));
    this.#renewTrial();
  }

  /** There is none where rows can only join at the newer end: then it is made when the filters are done. */
  #renewTrial(): void {
    const { repeats, stacks, around } = this.#choice;
    const { trial, shown } = this.#sieve;
    this.#trialLens = trial === shown || repeats || stacks || around > 0 ? undefined : this.#newLens(trial);
  }

  #turnTo(lens: Lens): void {
    this.#lens = lens;
    this.#rail.outdate();
    this.#shape.outdate();
    this.#around.changed(true);
  }

  #newLens(hits: Hits | undefined): Lens {
    return new Lens(this.#around.store, this.#choice, hits, this.#opened, this.#after);
  }

  /** What is on trial is shown once it has enough or is done; then it is in force. */
  #adopt(): void {
    const { trial, shown } = this.#sieve;
    if (!trial) return;
    const done = trial.done(this.#around.store);
    const lens = this.#trialLens;
    if (shown !== trial && (done || (lens && this.#keep === undefined && lens.end - lens.base >= ENOUGH))) {
      this.#sieve.show();
      this.#turnTo(lens ?? this.#newLens(trial));
      this.#trialLens = undefined;
    } else if (done && this.#lens.folds) this.#turnTo(this.#newLens(trial));
    if (done) this.#sieve.adopt();
  }

  /** Rows of the lens, with what filters and find box match in them. */
  async #rows(at: readonly number[]): Promise<Row[]> {
    const lens = this.#lens;
    const rows = at.flatMap((number) => rowOf(lens, number) ?? []);
    if (rows.length === 0) return rows;
    const [marks, found] = await Promise.all([this.#marks.of(this.#sieve.shown, rows), this.#found.of(this.#find, rows)]);
    return rows.map((row, i) => {
      if (!isLine(row.kind)) return { ...row, loadable: this.#around.loadable(row.position) };
      return { ...row, marks: marks[i] ?? [], found: found[i] ?? [] };
    });
  }
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

/** Whether two plain values are equal. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
