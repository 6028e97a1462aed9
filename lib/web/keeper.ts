/** The feed worker's work: keeps the lines, shows each pane those it wants, and says how things stand. */
import { KIND } from './kind.ts';
import { FeedReader } from './feed.ts';
import { Holes, type Load } from './holes.ts';
import { Hunt } from './hunt.ts';
import { Intake } from './intake.ts';
import type { MakeMatcher } from './match-thread.ts';
import { Pane } from './pane.ts';
import { Runs } from './runs.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Store } from './store.ts';
import type { Ask, LinkState, Say, State } from './talk.ts';

/** More panes than anybody can look at; each costs a list of its rows. */
const MAX_PANES = 16;
const MAX_NOTE = 1000;
const MAX_BOOKMARKS = 10_000;
/** Older entries are loaded by so many, so that those nearest to what is held are soon there. */
const STEP = 20_000;

export class Keeper {
  readonly feed: FeedReader;
  readonly #store: Store;
  readonly #intake: Intake;
  readonly #holes: Holes;
  readonly #hunt: Hunt;
  readonly #changed: (soon?: boolean) => void;
  readonly #panes = new Map<number, Pane>();
  #bookmarks: ReadonlySet<number> = new Set();
  #files: Promise<unknown> | undefined; // those that are being made

  /** How what was not given is asked for: nothing comes before it is set. */
  load: Load = async () => {};

  /** Filters are tried by so many match workers. */
  constructor(make: MakeMatcher, threads: number, changed: (soon?: boolean) => void, greeted: () => void, limits: Limits = LIMITS) {
    this.#store = new Store(limits);
    const runs = new Runs();
    this.#holes = new Holes(this.#store, runs);
    this.#intake = new Intake(this.#store, runs, greeted, this.#holes);
    this.feed = new FeedReader(this.#intake);
    this.#changed = (soon) => {
      if (soon) this.#hunt.rest();
      changed(soon);
    };
    this.#hunt = new Hunt(make, this.#store, {
      found: (hits, stretch) => {
        if (stretch.chunk.first < this.#store.first) return hits.forget(stretch.chunk);
        for (const pane of this.#panes.values()) pane.found(hits, stretch);
        this.#changed();
      },
      stopped: (hits, why) => {
        for (const pane of this.#panes.values()) pane.stopped(hits, why);
        this.#changed();
      },
    }, threads);
  }

  /** Take a block of the feed. Throws where it is not the feed; what came before has been taken. */
  take(block: Uint8Array): void {
    try {
      this.feed.push(block);
    } finally {
      this.#grown();
    }
  }

  /** Lines at level error or above of a stream that have come. */
  errorsOf(id: string): number {
    return this.#store.errors.of(id);
  }

  /** Do what a pane asks; gives the answer where there is one. */
  async answer(ask: Ask): Promise<Say | undefined> {
    if (ask.ask === 'whole') return this.#whole(ask.position);
    if (ask.ask === 'mark') this.#mark(ask.text);
    if (ask.ask === 'bookmarks') this.#bookmark(ask.positions);
    if (ask.ask === 'back' || ask.ask === 'older') return this.#load(ask);
    if (!('pane' in ask)) return undefined;
    if (ask.ask === 'close') this.#close(ask.pane);
    const pane = this.#panes.get(ask.pane) ?? (ask.ask === 'show' ? this.#open(ask.pane) : undefined);
    if (!pane) return undefined;
    if (ask.ask === 'rows') return pane.rows(ask.lens, ask.from, ask.to);
    if (ask.ask === 'seek') return pane.seek(ask);
    if (ask.ask === 'export') return this.#inTurn(pane.export(ask.as));
    if (ask.ask === 'show') pane.show(ask.serial, ask.choice, ask.keep);
    else if (ask.ask === 'follow') pane.tail = ask.rows;
    else if (ask.ask === 'find') pane.find(ask.serial, ask.filter);
    else if (ask.ask === 'unfold') pane.unfold(ask.position);
    this.#changed();
    return undefined;
  }

  /** Files take a while to make: they are given in the order in which they were asked for. */
  async #inTurn(file: Promise<Say>): Promise<Say> {
    const before = this.#files;
    this.#files = Promise.allSettled([before, file]);
    await before;
    return file;
  }

  /** What somebody waited for has been drawn. */
  drawn(): void {
    this.#hunt.drawn();
  }

  /** How things stand, with the newest rows of the panes that want them. */
  async state(link: LinkState, retry: number, turn = 0): Promise<State> {
    const panes = await Promise.all([...this.#panes.values()].map((pane) => pane.state()));
    return {
      say: 'state', turn, link, retry, panes,
      firstEntry: this.#store.room > 0 ? (this.feed.first ?? 0) : 0,
      held: this.#store.lines,
      bytes: this.#store.bytes,
      dropped: this.#store.dropped,
      lost: this.#intake.lostBefore,
      skipped: this.#intake.skipped - this.#holes.loaded,
      repeated: this.#intake.repeated,
      errors: this.#store.errors.count,
      cursor: this.feed.cursor,
    };
  }

  #open(id: number): Pane | undefined {
    if (this.#panes.size >= MAX_PANES) return undefined;
    const { hunt, store } = { hunt: this.#hunt, store: this.#store };
    const pane = new Pane(id, { store, hunt, bookmarks: () => this.#bookmarks, loadable: (position) => this.#holes.has(position), changed: this.#changed });
    this.#panes.set(id, pane);
    return pane;
  }

  /** A note of the person's between the lines. */
  #mark(text: string): void {
    this.#store.note({ kind: KIND.mark, id: '', run: '', n: 0, ts: Date.now(), traits: 0 }, text.slice(0, MAX_NOTE));
    this.#store.place(this.feed.epoch, this.feed.seq + 1);
    this.#grown();
  }

  /** Load what this page was not given. */
  async #load(ask: Extract<Ask, { ask: 'back' | 'older' }>): Promise<Say> {
    try {
      if (ask.ask === 'older') return { say: 'back', lines: 0, more: await this.#older(ask.first) };
      const lines = await this.#holes.load(ask.position, this.load);
      if (lines === undefined) throw new Error('there is nothing to load');
      for (const pane of this.#panes.values()) pane.filled();
      this.#grown();
      return { say: 'back', lines, more: false };
    } catch (err) {
      return { say: 'back', lines: 0, more: false, why: err instanceof Error ? err.message : String(err) };
    }
  }

  /** Load a step of what the server holds from its entry `first` on. Gives whether there is more. */
  async #older(first: number): Promise<boolean> {
    const { feed } = this;
    const end = feed.first ?? 0;
    const from = Math.max(first, end - Math.min(STEP, this.#store.room));
    const chunks = from < end && (await this.#holes.before(feed.epoch, from, end - 1, this.load));
    if (!chunks) return false;
    feed.first = from;
    for (const pane of this.#panes.values()) pane.older(chunks);
    this.#grown();
    return from > first && this.#store.room > 0;
  }

  #bookmark(positions: number[]): void {
    this.#bookmarks = new Set(positions.slice(0, MAX_BOOKMARKS));
    for (const pane of this.#panes.values()) pane.marked();
    this.#changed();
  }

  #close(id: number): void {
    this.#panes.get(id)?.close();
    this.#panes.delete(id);
  }

  #whole(position: number): Say {
    const chunk = this.#store.chunkOf(position);
    if (!chunk) return { say: 'gone' };
    const row = position - chunk.first;
    return { say: 'whole', position, label: chunk.label(row), text: chunk.text(row), tail: chunk.tail(row) };
  }

  /** Rows have come. */
  #grown(): void {
    for (const pane of this.#panes.values()) pane.grown();
    const gone = this.#store.trim();
    for (const chunk of gone) for (const pane of this.#panes.values()) pane.forget(chunk);
    this.#hunt.forget(gone);
    this.#hunt.pump();
    this.#changed();
  }
}
