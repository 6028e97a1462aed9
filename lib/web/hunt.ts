/** Gives work to the match worker, a few jobs ahead, and ends it when a filter takes too long on one of them. */
import type { Hits, Stretch } from './hits.ts';
import type { Store } from './store.ts';
import type { MatchAnswer, MatchJob } from './talk.ts';

/** A match worker, as far as this file needs one. */
export type Matcher = {
  post(job: MatchJob, transfer: ArrayBuffer[]): void;
  end(): void;
};

export type HuntEvents = {
  /** Rows have been tried. */
  found(hits: Hits, stretch: Stretch): void;
  /** The filters were given up: one of them took too long. */
  stopped(hits: Hits): void;
};

/**
 * How long one job may take: so many ticks of so many ms. A job is at most a chunk of lines, which takes a sane expression about
 * 1 ms. A tick that comes late does not count: then the machine is busy, and the match worker has not had its time either.
 */
const TICKS = 10;
const TICK = 100;
const LATE = 50;
/** Time for an answer that waits in the queue of a busy worker, ms. */
const GRACE = 100;
const AHEAD = 2;

/** `dead`: nobody waits for it any more, though it takes its time. */
type Out = { job: number; hits: Hits; stretch?: Stretch; marked?: (marks: number[][]) => void; dead?: boolean };

export class Hunt {
  readonly #make: (answer: (answer: MatchAnswer) => void) => Matcher;
  readonly #store: Store;
  readonly #events: HuntEvents;
  #matcher: Matcher;
  #wanted: Hits[] = [];
  #out: Out[] = [];
  #jobs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(make: (answer: (answer: MatchAnswer) => void) => Matcher, store: Store, events: HuntEvents) {
    this.#make = make;
    this.#store = store;
    this.#events = events;
    this.#matcher = this.#start();
  }

  /** Try these as well from now on, those that were wanted first before others. */
  add(hits: Hits): void {
    if (this.#wanted.includes(hits)) return;
    hits.recall();
    this.#wanted.push(hits);
    this.pump();
  }

  /** Try these no longer; what is out for them is not waited for, but its time counts. */
  drop(hits: Hits): void {
    this.#wanted = this.#wanted.filter((other) => other !== hits);
    for (const out of this.#out) if (out.hits === hits && out.stretch) out.dead = true;
  }

  /** Rows may have come. */
  pump(): void {
    while (this.#out.length < AHEAD) {
      const found = this.#next();
      if (!found) return;
      this.#send({ job: ++this.#jobs, ...found }, tryJob(found.stretch));
    }
  }

  /** Rows that have come go before older ones, whoever wants them. */
  #next(): { hits: Hits; stretch: Stretch } | undefined {
    for (const hits of this.#wanted) {
      const stretch = hits.newer(this.#store);
      if (stretch) return { hits, stretch };
    }
    for (const hits of this.#wanted) {
      const stretch = hits.older(this.#store);
      if (stretch) return { hits, stretch };
    }
    return undefined;
  }

  /** Where an expression matches in texts; no marks where it takes too long. */
  mark(hits: Hits, texts: string[]): Promise<number[][]> {
    return new Promise((marked) => this.#send({ job: ++this.#jobs, hits, marked }, { what: 'mark', texts }));
  }

  #send(out: Out, what: { what: 'try'; bytes: Uint8Array<ArrayBuffer>; bounds: Uint32Array } | { what: 'mark'; texts: string[] }): void {
    this.#out.push(out);
    if (this.#out.length === 1) this.#watch();
    this.#matcher.post({ job: out.job, filters: out.hits.filters, ...what }, what.what === 'try' ? [what.bytes.buffer] : []);
  }

  #answered(answer: MatchAnswer): void {
    const out = this.#out.shift();
    if (!out || out.job !== answer.job) return;
    this.#watch();
    out.marked?.(answer.marks ?? []);
    if (out.stretch && answer.bits && out.dead !== true) {
      out.hits.found(out.stretch, answer.bits);
      this.#events.found(out.hits, out.stretch);
    }
    this.pump();
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const first = this.#out[0];
    if (first) this.#wait(first, TICKS);
  }

  #wait(job: Out, ticks: number): void {
    const due = performance.now() + TICK;
    this.#timer = setTimeout(() => {
      const left = performance.now() - due > LATE ? ticks : ticks - 1;
      if (left > 0) this.#wait(job, left);
      else this.#timer = setTimeout(() => this.#giveUp(job), GRACE);
    }, TICK);
  }

  #giveUp(slow: Out): void {
    this.#matcher.end();
    for (const out of this.#out) out.marked?.([]);
    this.#out = [];
    this.drop(slow.hits);
    for (const hits of this.#wanted) hits.recall();
    this.#matcher = this.#start();
    this.#events.stopped(slow.hits);
    this.pump();
  }

  #start(): Matcher {
    const matcher: Matcher = this.#make((answer) => {
      if (this.#matcher === matcher) this.#answered(answer);
    });
    return matcher;
  }
}

/** A copy of the rows' bytes, which is handed over, and where each row's text is in it. */
function tryJob({ chunk, from, to }: Stretch): { what: 'try'; bytes: Uint8Array<ArrayBuffer>; bounds: Uint32Array } {
  const start = chunk.start(from);
  const bytes = chunk.bytes.slice(start, chunk.end(to - 1));
  const bounds = new Uint32Array((to - from) * 2);
  for (let row = from; row < to; row++) {
    bounds[(row - from) * 2] = chunk.start(row) - start;
    bounds[(row - from) * 2 + 1] = chunk.end(row) - start;
  }
  return { what: 'try', bytes, bounds };
}
