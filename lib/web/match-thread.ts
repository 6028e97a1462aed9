/** A match worker and the jobs it was given, which it does one after the other; it is ended when one takes too long. */
import type { Hits } from './hits.ts';
import type { MatchAnswer, MatchJob, WhyStopped } from './talk.ts';

/** A match worker, as far as this file needs one. */
export type Matcher = {
  /** Whether it runs: until then it is being fetched, and its jobs wait. */
  readonly begun: boolean;
  post(job: MatchJob, transfer: ArrayBuffer[]): void;
  end(): void;
};

/** Starts a match worker, which gives each job but those to forget its answer. `failed`: it cannot be had. */
export type MakeMatcher = (answer: (answer: MatchAnswer) => void, failed: () => void) => Matcher;

/** What is to be done for whose filters, and who hears of it: of the answer and how long it took, ms, or that there will be none. */
export type Task = {
  hits: Hits;
  job: Exclude<MatchJob, { what: 'forget' }>;
  transfer: ArrayBuffer[];
  done(answer: MatchAnswer, took: number): void;
  lost(): void;
};

/**
 * How long one job may take: so many ticks of so many ms. A job is at most a chunk of lines, which takes a sane expression about
 * 1 ms, or several that went quickly. A tick that comes late does not count: then the machine is busy, and the match worker has not
 * had its time either.
 */
const TICKS = 10;
const TICK = 100;
const LATE = 50;
/** Time for an answer that waits in the queue of a busy worker, ms. */
const GRACE = 100;
const AHEAD = 2;

export class MatchThread {
  /** The chunks that the worker keeps, by the positions of their first rows, and the memory that they take there, bytes. */
  readonly kept = new Set<number>();
  keptBytes = 0;
  readonly #make: MakeMatcher;
  readonly #gaveUp: (hits: Hits, why: WhyStopped) => void;
  #matcher: Matcher | undefined;
  #tasks: Task[] = [];
  #begun = 0; // when the first of them came to be the first
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** The worker is started when there is something to do. `gaveUp` hears whose filters will not be tried, after the tasks that are lost by it. */
  constructor(make: MakeMatcher, gaveUp: (hits: Hits, why: WhyStopped) => void) {
    this.#make = make;
    this.#gaveUp = gaveUp;
  }

  /** How many tasks wait for their answers, and whether that is as many as keep it busy. */
  get waiting(): number {
    return this.#tasks.length;
  }

  get busy(): boolean {
    return this.#tasks.length >= AHEAD;
  }

  run(task: Task): void {
    this.#matcher ??= this.#start();
    this.#tasks.push(task);
    if (this.#tasks.length === 1) this.#watch();
    this.#matcher.post(task.job, task.transfer);
  }

  /** Chunks have left the store. */
  forget(chunks: readonly number[]): void {
    const kept = chunks.filter((chunk) => this.kept.delete(chunk));
    if (kept.length > 0) this.#matcher?.post({ what: 'forget', chunks: kept }, []);
  }

  #start(): Matcher {
    const matcher: Matcher = this.#make(
      (answer) => {
        if (this.#matcher === matcher) this.#answered(answer);
      },
      () => {
        if (this.#matcher === matcher) this.#giveUp('unfetched');
      },
    );
    return matcher;
  }

  #answered(answer: MatchAnswer): void {
    const task = this.#tasks.shift();
    const took = performance.now() - this.#begun;
    this.#watch();
    this.keptBytes = answer.kept ?? this.keptBytes;
    task?.done(answer, took);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#begun = performance.now();
    if (this.#tasks.length > 0) this.#wait(TICKS);
  }

  #wait(ticks: number): void {
    const due = performance.now() + TICK;
    this.#timer = setTimeout(() => {
      const counts = this.#matcher?.begun && performance.now() - due <= LATE;
      const left = counts ? ticks - 1 : ticks;
      if (left > 0) this.#wait(left);
      else this.#timer = setTimeout(() => this.#giveUp('slow'), GRACE);
    }, TICK);
  }

  #giveUp(why: WhyStopped): void {
    clearTimeout(this.#timer);
    const tasks = this.#tasks;
    this.#tasks = [];
    this.#matcher?.end();
    this.#matcher = undefined;
    this.kept.clear();
    this.keptBytes = 0;
    for (const task of tasks) task.lost();
    const whose = new Set(tasks.map(({ hits }) => hits));
    for (const hits of why === 'slow' ? [...whose].slice(0, 1) : whose) this.#gaveUp(hits, why);
  }
}
