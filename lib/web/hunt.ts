/** Has the match workers try filters on what is held, each on lines of its own, and puts what they find in order. */
import type { Chunk } from './chunk.ts';
import type { Hits, Stretch } from './hits.ts';
import { MatchThread, type MakeMatcher } from './match-thread.ts';
import type { Store } from './store.ts';
import type { MatchAnswer, TryRows, WhyStopped } from './talk.ts';

export type HuntEvents = {
  /** Rows have been tried. */
  found(hits: Hits, stretch: Stretch): void;
  /** The filters were given up. */
  stopped(hits: Hits, why: WhyStopped): void;
};

/** So many rows that follow each other are one worker's: those it keeps are tried where they are. */
const BLOCK = 16_384;
/** Chunks that are tried in one job: twice as many when one took less than the first time, fewer when it took more than the second, ms. */
const MOST = 16;
const QUICK = 3;
const SLOW = 8;
/** Where other rows are to be shown the processors are left to who draws them until that is done, for so long at most, ms. */
const REST = 120;
/** Memory for rows on their way is used again, since fresh memory costs more than to fill it: so much at once, and so many of them, bytes. */
const ROOM = 288 * 1024;
const ROOMS = 2 * MOST;
/** Memory that the match workers may take for the lines they keep, bytes: most of a million lines of 150, the newest, and the tab below 600 MB. */
const MAX_KEPT = 110_000_000;

/** Rows that were given out to be tried, and what came back: one list of bits for each stretch. */
type Out = { hits: Hits; stretches: Stretch[]; bits?: Uint8Array[] };

export class Hunt {
  readonly #store: Store;
  readonly #events: HuntEvents;
  readonly #threads: MatchThread[];
  #wanted: Hits[] = [];
  #out: Out[] = []; // in the order in which they were given out, which is the one in which they are taken
  #together = 1;
  #rooms: ArrayBuffer[] = [];
  #resting: ReturnType<typeof setTimeout> | undefined;

  constructor(make: MakeMatcher, store: Store, events: HuntEvents, threads: number) {
    this.#store = store;
    this.#events = events;
    this.#threads = Array.from({ length: threads }, () => new MatchThread(make, (hits, why) => this.#giveUp(hits, why)));
  }

  /** Try these as well from now on, those that were wanted first before others. */
  add(hits: Hits): void {
    if (this.#wanted.includes(hits)) return;
    hits.recall();
    this.#wanted.push(hits);
    this.#together = 1;
    this.#goOn();
  }

  /** Try these no longer; what is out for them is not waited for, but its time counts. */
  drop(hits: Hits): void {
    this.#wanted = this.#wanted.filter((other) => other !== hits);
    this.#out = this.#out.filter((out) => out.hits !== hits);
  }

  /** Chunks have left the store. */
  forget(gone: readonly Chunk[]): void {
    const chunks = gone.map((chunk) => chunk.first);
    for (const thread of this.#threads) thread.forget(chunks);
  }

  /** Rows may have come. */
  pump(): void {
    for (const hits of this.#wanted) {
      const newer = hits.newer(this.#store);
      if (newer) this.#try(hits, [newer], this.#threadOf(newer.chunk));
    }
    if (this.#resting !== undefined) return;
    for (const hits of this.#wanted) while (this.#tryOlder(hits));
  }

  /** Other rows are to be shown: nothing is more urgent for a moment. */
  rest(): void {
    this.#resting ??= setTimeout(() => this.#goOn(), REST);
  }

  /** They are. */
  drawn(): void {
    if (this.#resting !== undefined) this.#goOn();
  }

  #goOn(): void {
    clearTimeout(this.#resting);
    this.#resting = undefined;
    this.pump();
  }

  /** Where filters match in texts; no marks where that takes too long. */
  mark(hits: Hits, texts: string[]): Promise<number[][]> {
    const thread = this.#threads.reduce((least, other) => (other.waiting < least.waiting ? other : least));
    return new Promise((marked) => {
      thread.run({
        hits,
        job: { what: 'mark', filters: hits.filters, texts },
        transfer: [],
        done: (answer) => marked(answer.marks ?? []),
        lost: () => marked([]),
      });
    });
  }

  /** Give out the next of the older rows that filters have not tried. False where there are none, or the worker they are for is busy. */
  #tryOlder(hits: Hits): boolean {
    const first = hits.below(this.#store);
    const thread = first && this.#threadOf(first);
    if (!thread || thread.busy) return false;
    const stretches: Stretch[] = [];
    for (let chunk: Chunk | undefined = first; chunk && this.#threadOf(chunk) === thread; chunk = hits.below(this.#store)) {
      stretches.push(hits.older(chunk));
      if (stretches.length >= this.#together) break;
    }
    this.#try(hits, stretches, thread);
    return true;
  }

  #threadOf(chunk: Chunk): MatchThread {
    const block = Math.floor(chunk.first / BLOCK); // below 0 where older lines were loaded
    return this.#threads.at(block % this.#threads.length) as MatchThread;
  }

  #try(hits: Hits, stretches: Stretch[], thread: MatchThread): void {
    const rows = stretches.map((stretch) => this.#rowsOf(stretch, thread));
    const out: Out = { hits, stretches };
    this.#out.push(out);
    thread.run({
      hits,
      job: { what: 'try', filters: hits.filters, rows },
      transfer: rows.flatMap(({ bytes }) => (bytes ? [bytes.buffer as ArrayBuffer] : [])),
      done: (answer, took) => this.#answered(out, answer, took),
      lost: () => {},
    });
  }

  #rowsOf(stretch: Stretch, thread: MatchThread): TryRows {
    const { chunk, from, to } = stretch;
    const whole = from === 0 && to === chunk.count && chunk.full;
    if (whole && thread.kept.has(chunk.first)) return { chunk: chunk.first };
    const keep = whole && this.#threads.reduce((sum, { keptBytes }) => sum + keptBytes, 0) < MAX_KEPT;
    if (keep) thread.kept.add(chunk.first);
    return { ...copyOf(stretch, (length) => this.#roomFor(length)), keep };
  }

  #roomFor(length: number): ArrayBuffer {
    return length > ROOM ? new ArrayBuffer(length) : (this.#rooms.pop() ?? new ArrayBuffer(ROOM));
  }

  #answered(out: Out, answer: MatchAnswer, took: number): void {
    if (took < QUICK) this.#together = Math.min(MOST, this.#together * 2);
    else if (took > SLOW) this.#together = Math.max(1, Math.floor((this.#together * SLOW) / took));
    for (const room of answer.rooms ?? []) if (room.byteLength === ROOM && this.#rooms.length < ROOMS) this.#rooms.push(room);
    out.bits = answer.bits ?? [];
    for (let first = this.#out[0]; first?.bits; first = this.#out[0]) {
      this.#out.shift();
      this.#take(first.hits, first.stretches, first.bits);
    }
    this.pump();
  }

  #take(hits: Hits, stretches: Stretch[], bits: Uint8Array[]): void {
    stretches.forEach((stretch, i) => {
      const own = bits[i];
      if (!own || !this.#wanted.includes(hits)) return; // they may be done with at the first of them
      hits.found(stretch, own);
      this.#events.found(hits, stretch);
    });
  }

  /** Filters will not be tried. What else was out is given out again, since some of it is lost. */
  #giveUp(hits: Hits, why: WhyStopped): void {
    this.drop(hits);
    this.#out = [];
    for (const other of this.#wanted) other.recall();
    this.#events.stopped(hits, why);
    this.pump();
  }
}

/** A copy of the rows' bytes, which is handed over, and where each row's text is in it. */
function copyOf({ chunk, from, to }: Stretch, roomFor: (length: number) => ArrayBuffer): TryRows {
  const start = chunk.start(from);
  const length = chunk.end(to - 1) - start;
  const bytes = new Uint8Array(roomFor(length), 0, length);
  bytes.set(chunk.bytes.subarray(start, start + length));
  const bounds = new Uint32Array((to - from) * 2);
  for (let row = from; row < to; row++) {
    bounds[(row - from) * 2] = chunk.start(row) - start;
    bounds[(row - from) * 2 + 1] = chunk.end(row) - start;
  }
  return { chunk: chunk.first, bytes, bounds };
}
