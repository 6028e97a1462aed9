/** The filters of a pane: those in force, and others that are tried before they take their place. */
import type { Chunk } from './chunk.ts';
import { Hits } from './hits.ts';
import type { Hunt } from './hunt.ts';
import { samePattern } from './layout.ts';
import { filterFault } from './pattern.ts';
import type { Store } from './store.ts';
import type { Filter, Search } from './talk.ts';

export class Sieve {
  /** Those on trial; and those whose rows are shown: the ones in force or, when they have let enough pass, the ones on trial. */
  trial: Hits | undefined;
  shown: Hits | undefined;
  #good: Hits | undefined;
  #stopped = '';
  readonly #hunt: Hunt;
  readonly #store: Store;

  constructor(hunt: Hunt, store: Store) {
    this.#hunt = hunt;
    this.#store = store;
  }

  /** Try other filters. Gives whether other rows are to be shown until they are done. */
  turnTo(filters: Filter[]): boolean {
    this.#stopped = '';
    this.#drop(this.trial);
    this.trial = undefined;
    if (filters.length === 0) {
      this.#drop(this.#good);
      this.#good = undefined;
    } else if (filters.every((filter) => filterFault(filter) === undefined)) {
      this.trial = new Hits(filters, this.#store.end);
      this.#hunt.add(this.trial);
    }
    // What was shown of filters that were never done is not gone on with; the last good ones are shown whole.
    return this.#showGood();
  }

  /** Show those on trial. */
  show(): void {
    this.shown = this.trial;
  }

  /** Those on trial have tried everything: they are in force. */
  adopt(): void {
    this.#drop(this.#good);
    this.#good = this.trial;
    this.trial = undefined;
  }

  /** Filters were given up. Gives whether other rows are to be shown. */
  stopped(hits: Hits): boolean {
    if (hits !== this.trial && hits !== this.#good) return false;
    this.#stopped = this.#culprit(hits);
    if (hits === this.#good) this.#good = undefined;
    else this.trial = undefined;
    return this.#showGood();
  }

  /** How far they are. */
  get search(): Search {
    const { trial } = this;
    if (this.#stopped !== '') return { state: 'stopped', progress: 0, source: this.#stopped };
    if (!trial) return { state: 'done', progress: 1, source: '' };
    return { state: 'searching', progress: trial.progress(this.#store), source: this.#culprit(trial) };
  }

  /** A chunk has left the store. */
  forget(chunk: Chunk): void {
    this.#good?.forget(chunk);
    this.trial?.forget(chunk);
  }

  close(): void {
    this.#drop(this.#good);
    this.#drop(this.trial);
  }

  #drop(hits: Hits | undefined): void {
    if (hits) this.#hunt.drop(hits);
  }

  #showGood(): boolean {
    const turned = this.shown !== this.#good;
    this.shown = this.#good;
    return turned;
  }

  /** Of the filters that take long, the first that was not in force before. */
  #culprit({ filters }: Hits): string {
    const fresh = filters.find((filter) => !this.#good?.filters.some((other) => samePattern(other, filter)));
    return (fresh ?? filters[0])?.source ?? '';
  }
}
