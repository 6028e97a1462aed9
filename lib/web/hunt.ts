/** Gives work to the match worker, a few jobs ahead, and ends it when an expression takes too long on one of them. */
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
  /** The expression was given up. */
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

type Out = { job: number; hits: Hits; stretch?: Stretch; marked?: (marks: number[][]) => void };

export class Hunt {
  readonly #make: (answer: (answer: MatchAnswer) => void) => Matcher;
  readonly #store: Store;
  readonly #events: HuntEvents;
  #matcher: Matcher;
  #hits: Hits | undefined;
  #out: Out[] = [];
  #jobs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(make: (answer: (answer: MatchAnswer) => void) => Matcher, store: Store, events: HuntEvents) {
    this.#make = make;
    this.#store = store;
    this.#events = events;
    this.#matcher = this.#start();
  }

  /** Try these from now on; what is out for others is not waited for, but its time counts. */
  turnTo(hits: Hits | undefined): void {
    this.#hits?.recall();
    hits?.recall();
    this.#hits = hits;
    this.pump();
  }

  /** Rows may have come. */
  pump(): void {
    const hits = this.#hits;
    while (hits && this.#out.length < AHEAD) {
      const busy = this.#out.some((out) => out.hits === hits && out.stretch && !out.stretch.older);
      const stretch = hits.next(this.#store, !busy);
      if (!stretch) return;
      this.#send({ job: ++this.#jobs, hits, stretch }, tryJob(stretch));
    }
  }

  /** Where an expression matches in texts; no marks where it takes too long. */
  mark(hits: Hits, texts: string[]): Promise<number[][]> {
    return new Promise((marked) => this.#send({ job: ++this.#jobs, hits, marked }, { what: 'mark', texts }));
  }

  #send(out: Out, what: { what: 'try'; bytes: Uint8Array<ArrayBuffer>; bounds: Uint32Array } | { what: 'mark'; texts: string[] }): void {
    this.#out.push(out);
    if (this.#out.length === 1) this.#watch();
    const { source, fold } = out.hits;
    this.#matcher.post({ job: out.job, source, fold, ...what }, what.what === 'try' ? [what.bytes.buffer] : []);
  }

  #answered(answer: MatchAnswer): void {
    const out = this.#out.shift();
    if (!out || out.job !== answer.job) return;
    this.#watch();
    out.marked?.(answer.marks ?? []);
    if (out.stretch && answer.bits && out.hits === this.#hits) {
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
    this.#hits?.recall();
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
