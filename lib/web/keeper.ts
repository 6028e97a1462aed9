/** The feed worker's work: keeps the lines, shows the page those it wants, and says how things stand. */
import { isLine, type Chunk } from './chunk.ts';
import { Hits, type Stretch } from './hits.ts';
import { Hunt, type Matcher } from './hunt.ts';
import { FeedReader } from './feed.ts';
import { Intake } from './intake.ts';
import { Lens } from './lens.ts';
import { patternFault } from './pattern.ts';
import { Runs } from './runs.ts';
import { LIMITS, Store, type Limits } from './store.ts';
import { ROW_BYTES, type Choice, type LinkState, type MatchAnswer, type Row, type Say, type Search, type State } from './talk.ts';

/** A filter is shown before it has tried everything once it has found this many rows: more than a screen. */
const ENOUGH = 200;
const MAX_ROWS = 2000;
const MAX_MARKED = 4000;
/** How long rows wait for their marks, ms. */
const MARK_WAIT = 60;

export class Keeper {
  readonly feed: FeedReader;
  readonly #store: Store;
  readonly #intake: Intake;
  readonly #hunt: Hunt;
  readonly #changed: () => void;
  #serial = 0;
  #streams: ReadonlySet<string> | undefined;
  #keep: number | undefined;
  #lens: Lens;
  /** The filter in force, and the one that is being tried before it takes its place (or is already shown, though not done). */
  #good: Hits | undefined;
  #trial: Hits | undefined;
  #shown: Hits | undefined;
  #trialLens: Lens | undefined;
  #asked = { pattern: '', fold: false };
  #stopped = '';
  #fed = 0; // position up to which rows have been given to the lenses
  #tail = 0;
  readonly #marks = new Map<number, number[]>(); // by position, of the filter shown
  #marksOf: Hits | undefined;

  constructor(make: (answer: (answer: MatchAnswer) => void) => Matcher, changed: () => void, greeted: () => void, limits: Limits = LIMITS) {
    this.#store = new Store(limits);
    this.#intake = new Intake(this.#store, new Runs(), greeted);
    this.feed = new FeedReader(this.#intake);
    this.#lens = new Lens(this.#store, undefined, undefined);
    this.#changed = changed;
    this.#hunt = new Hunt(make, this.#store, {
      found: (hits, stretch) => this.#found(hits, stretch),
      stopped: (hits) => this.#gaveUp(hits),
    });
  }

  /** Take a block of the feed. Throws where it is not the feed; what came before has been taken. */
  take(block: Uint8Array): void {
    try {
      this.feed.push(block);
    } finally {
      this.#grown();
    }
  }

  /** Show another choice; see `Ask`. */
  show(serial: number, choice: Choice, keep: number | undefined): void {
    this.#serial = serial;
    this.#keep = keep;
    const streams = choice.streams && new Set(choice.streams);
    const sameStreams = sameSet(streams, this.#streams);
    this.#streams = streams;
    if (choice.pattern !== this.#asked.pattern || choice.fold !== this.#asked.fold) this.#filter(choice);
    if (!sameStreams) {
      this.#lens = new Lens(this.#store, this.#streams, this.#shown);
      if (this.#trialLens) this.#trialLens = new Lens(this.#store, this.#streams, this.#trial);
    }
    this.#adopt();
    this.#changed();
  }

  set tail(rows: number) {
    this.#tail = Math.min(rows, MAX_ROWS);
    this.#changed();
  }

  async rows(lens: number, from: number, to: number): Promise<Say | undefined> {
    if (lens !== this.#lens.key) return undefined;
    return { say: 'rows', lens, from, rows: await this.#rows(this.#lens, from, Math.min(to, from + MAX_ROWS)) };
  }

  whole(position: number): Say | undefined {
    const chunk = this.#store.chunkOf(position);
    if (!chunk) return undefined;
    const row = position - chunk.first;
    return { say: 'whole', position, label: chunk.label(row), text: chunk.text(row), tail: chunk.tail(row) };
  }

  /** How things stand, with the newest rows if they are wanted. */
  async state(link: LinkState, retry: number): Promise<State> {
    const lens = this.#lens;
    const { key, base, end, lines, matched } = lens;
    const tail = this.#tail > 0 ? await this.#rows(lens, Math.max(base, end - this.#tail), end) : undefined;
    if (lens !== this.#lens) return this.state(link, retry);
    return {
      say: 'state', serial: this.#serial, link, retry, lens: key, base, end, lines, matched, tail,
      keepAt: this.#keep === undefined ? undefined : lens.numberOf(this.#keep),
      pattern: this.#shown?.source ?? '',
      search: this.#search(),
      firstEntry: this.feed.first,
      held: this.#store.lines,
      bytes: this.#store.bytes,
      dropped: this.#store.dropped,
      lost: this.#intake.lostLines,
      skipped: this.#intake.skipped,
      repeated: this.#intake.repeated,
    };
  }

  #search(): Search {
    if (this.#stopped !== '') return { state: 'stopped', progress: 0, source: this.#stopped };
    const hits = this.#trial;
    if (!hits) return { state: 'done', progress: 1, source: this.#good?.source ?? '' };
    return { state: 'searching', progress: hits.progress(this.#store), source: hits.source };
  }

  #filter(choice: Choice): void {
    this.#asked = { pattern: choice.pattern, fold: choice.fold };
    this.#stopped = '';
    this.#trial = this.#trialLens = undefined;
    if (choice.pattern === '') {
      this.#good = undefined;
      this.#turnTo(undefined, new Lens(this.#store, this.#streams, undefined));
    } else if (patternFault(choice.pattern) === undefined) {
      this.#trial = new Hits(choice.pattern, choice.fold, this.#store.end);
      this.#trialLens = new Lens(this.#store, this.#streams, this.#trial);
      // What was shown of a filter that was never done is not gone on with; the last good one is shown whole.
      if (this.#shown !== this.#good) this.#turnTo(this.#good, new Lens(this.#store, this.#streams, this.#good));
    }
    this.#hunt.turnTo(this.#trial ?? this.#good);
  }

  #turnTo(hits: Hits | undefined, lens: Lens): void {
    this.#shown = hits;
    this.#lens = lens;
  }

  /** The trial is shown once it has enough or is done; then it is the good one. */
  #adopt(): void {
    const { trial, lens } = { trial: this.#trial, lens: this.#trialLens };
    if (!trial) return;
    const done = trial.done(this.#store);
    if (lens && (done || (this.#keep === undefined && lens.end - lens.base >= ENOUGH))) {
      this.#turnTo(trial, lens);
      this.#trialLens = undefined;
    }
    if (done) {
      this.#good = trial;
      this.#trial = undefined;
    }
  }

  /** Rows have come: give them to the lens that needs no filter, and to the filter. */
  #grown(): void {
    const { chunks } = this.#store;
    for (let i = this.#store.indexOf(this.#fed); i < chunks.length; i++) {
      const chunk = chunks[i];
      if (chunk && !this.#shown) this.#lens.take(chunk, Math.max(0, this.#fed - chunk.first), chunk.count, undefined, false, false);
    }
    this.#fed = this.#store.end;
    for (const gone of this.#store.trim()) {
      for (const lens of [this.#lens, this.#trialLens]) lens?.forget(gone);
      for (const hits of [this.#good, this.#trial]) hits?.forget(gone);
    }
    this.#hunt.pump();
    this.#changed();
  }

  #found(hits: Hits, { chunk, from, to, older }: Stretch): void {
    if (chunk.first < this.#store.first) return hits.forget(chunk);
    const lens = hits === this.#shown ? this.#lens : hits === this.#trial ? this.#trialLens : undefined;
    lens?.take(chunk, from, to, hits.bitsOf(chunk), older, true);
    this.#adopt();
    this.#changed();
  }

  #gaveUp(hits: Hits): void {
    if (hits !== this.#trial && hits !== this.#good) return;
    this.#stopped = hits.source;
    if (hits === this.#good) this.#good = undefined;
    this.#trial = this.#trialLens = undefined;
    if (this.#shown !== this.#good) this.#turnTo(this.#good, new Lens(this.#store, this.#streams, this.#good));
    this.#hunt.turnTo(this.#good);
    this.#changed();
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

  /** Give rows the marks of the filter; those that are not known in time stay without. */
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
  const { kind, id, ts, more } = chunk.label(row);
  const rest = Math.max(0, chunk.end(row) - chunk.start(row) - ROW_BYTES);
  return { at, position: chunk.first + row, kind, id, ts, more, text: chunk.text(row, ROW_BYTES), rest, marks: [] };
}

function sameSet(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined): boolean {
  if (!a || !b) return a === b;
  return a.size === b.size && [...a].every((x) => b.has(x));
}
