/** The filters of a pane: those in force, and others that are tried before they take their place. */
import type { Chunk } from './chunk.ts';
import { Hits } from './hits.ts';
import type { Hunt } from './hunt.ts';
import { samePattern } from './layout.ts';
import { filterFault } from './pattern.ts';
import type { Store } from './store.ts';
import type { Filter, Search, WhyStopped } from './talk.ts';

export class Sieve {
  /**
   * Those on trial; and those whose rows are shown: the ones in force, the ones on trial once they have let enough pass, or ones that
   * were shown so and then given up for those on trial now, since somebody types on.
   */
  trial: Hits | undefined;
  shown: Hits | undefined;
  #good: Hits | undefined;
  #stopped: { state: WhyStopped; source: string } | undefined;
  readonly #hunt: Hunt;
  readonly #store: Store;

  constructor(hunt: Hunt, store: Store) {
    this.#hunt = hunt;
    this.#store = store;
  }

  /** Try other filters. Gives whether other rows are to be shown until they are done. */
  turnTo(filters: Filter[]): boolean {
    this.#stopped = undefined;
    if (this.trial === this.shown) this.trial?.rest();
    else this.#drop(this.trial);
    const fit = filters.length > 0 && filters.every((filter) => filterFault(filter) === undefined);
    this.trial = fit ? new Hits(filters, this.#store.end) : undefined;
    if (this.trial) this.#hunt.add(this.trial);
    if (filters.length === 0) this.#force(undefined);
    return !this.trial && this.#show(this.#good);
  }

  /** Show those on trial. */
  show(): void {
    this.#show(this.trial);
  }

  /** Those on trial have tried everything: they are in force. */
  adopt(): void {
    this.#force(this.trial);
    this.trial = undefined;
  }

  /** Filters were given up. Gives whether other rows are to be shown. */
  stopped(hits: Hits, why: WhyStopped): boolean {
    if (hits !== this.trial && hits !== this.#good && hits !== this.shown) return false;
    if (hits === this.trial || hits === this.#good) this.#stopped = { state: why, source: this.#culprit(hits) };
    if (hits === this.#good) this.#good = undefined;
    if (hits === this.trial) this.trial = undefined;
    // What was shown of filters that were never done is not gone on with: the last good ones are shown whole.
    return this.#show(this.#good);
  }

  /** How far they are. */
  get search(): Search {
    const { trial } = this;
    if (this.#stopped) return { ...this.#stopped, progress: 0 };
    if (!trial) return { state: 'done', progress: 1, source: '' };
    return { state: 'searching', progress: trial.progress(this.#store), source: this.#culprit(trial) };
  }

  /** A chunk has left the store. */
  forget(chunk: Chunk): void {
    for (const hits of new Set([this.#good, this.trial, this.shown])) hits?.forget(chunk);
  }

  close(): void {
    for (const hits of [this.#good, this.trial, this.shown]) this.#drop(hits);
  }

  #drop(hits: Hits | undefined): void {
    if (hits) this.#hunt.drop(hits);
  }

  #force(hits: Hits | undefined): void {
    this.#drop(this.#good);
    this.#good = hits;
  }

  /** Show the rows of these. Gives whether they are others. */
  #show(hits: Hits | undefined): boolean {
    const old = this.shown;
    this.shown = hits;
    if (old !== hits && old !== this.#good && old !== this.trial) this.#drop(old);
    return old !== hits;
  }

  /** Of the filters that take long, the first that was not in force before. */
  #culprit({ filters }: Hits): string {
    const fresh = filters.find((filter) => !this.#good?.filters.some((other) => samePattern(other, filter)));
    return (fresh ?? filters[0])?.source ?? '';
  }
}
