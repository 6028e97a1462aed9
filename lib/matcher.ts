/** Regular expressions of clients, run in a thread under watch. */
import { Worker } from 'node:worker_threads';
import type { Batch } from './batch.ts';
import type { Outcome, Ready, Work } from './matcher.worker.ts';

/** The longest pattern, in characters. */
export const MAX_PATTERN = 1000;
/** Requests with a pattern that may be under way at once. */
export const MAX_SEARCHES = 32;

const TICK_MS = 100;
/** Ticks without a line done, and ticks for one batch, after which a pattern is given up. */
const LINE_TICKS = 5;
const BATCH_TICKS = 50;
const REFUSED_MS = 60_000;
const MAX_REFUSED = 100;
const IDLE_MS = 60_000;

/** A pattern takes too long, or more memory than it may. */
export class PatternFault extends Error {}

/** A regular expression as people give it: JavaScript's, `fold` for either case. */
export type Pattern = { source: string; fold: boolean };

type Job = { work: Work; resolve: (hits: Uint32Array) => void; reject: (err: Error) => void };

const keyOf = (pattern: Pattern): string => `${pattern.fold ? 'i' : '-'}${pattern.source}`;

/** One thread for all clients, started when first needed. They take turns by batches. */
export class Matcher {
  /** Searches under way, and those refused because there were too many. */
  searches = 0;
  busy = 0;
  /** Patterns given up because they took too long. */
  givenUp = 0;
  #worker: Worker | undefined;
  readonly #script: URL;
  readonly #progress = new Int32Array(new SharedArrayBuffer(4));
  readonly #queue: Job[] = [];
  #ready = false; // the thread has begun
  #running: Job | undefined;
  #refused = new Map<string, number>(); // patterns that were given up, and until when
  #watch: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  /** `script` is where matcher.worker lies, built. */
  constructor(script: URL) {
    this.#script = script;
  }

  /** Begin a search: call what is returned when it is over. Undefined when there are too many. */
  open(): (() => void) | undefined {
    if (this.searches >= MAX_SEARCHES) {
      this.busy++;
      return undefined;
    }
    this.searches++;
    return () => void this.searches--;
  }

  /** The entries of the batch, among `entries`, whose text matches. Rejects with PatternFault. */
  async match(pattern: Pattern, batch: Batch, entries: readonly number[]): Promise<number[]> {
    if (this.isRefused(pattern)) throw new PatternFault('the pattern took too long before: change it, or wait a minute');
    if (entries.length === 0) return [];
    const msgs = new Uint32Array(2 * entries.length);
    entries.forEach((entry, i) => {
      msgs[2 * i] = batch.msgs[2 * entry] as number;
      msgs[2 * i + 1] = batch.msgs[2 * entry + 1] as number;
    });
    const hits = await new Promise<Uint32Array>((resolve, reject) => {
      this.#queue.push({ work: { ...pattern, bytes: batch.bytes, msgs }, resolve, reject });
      this.#next();
    });
    return Array.from(hits, (i) => entries[i] as number);
  }

  /** Whether the pattern was given up a short while ago. */
  isRefused(pattern: Pattern): boolean {
    const until = this.#refused.get(keyOf(pattern));
    if (until === undefined) return false;
    if (Date.now() < until) return true;
    this.#refused.delete(keyOf(pattern));
    return false;
  }

  /** End the thread; searches under way fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#end(new PatternFault('the server ends'));
    for (const job of this.#queue.splice(0)) job.reject(new PatternFault('the server ends'));
  }

  #next(): void {
    if (this.#running || this.#closed) return;
    const job = this.#queue.shift();
    if (!job) return;
    this.#running = job;
    clearTimeout(this.#idle);
    this.#worker ??= this.#start();
    this.#worker.postMessage(job.work); // the bytes of the batch are copied
    if (this.#ready) this.#observe();
  }

  /** Count ticks, not time: this thread may have been busy itself, and then no tick was missed. */
  #observe(): void {
    let done = -1;
    let still = 0;
    let ticks = 0;
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      const now = Atomics.load(this.#progress, 0);
      still = now === done ? still + 1 : 0;
      done = now;
      if (still < LINE_TICKS && ++ticks < BATCH_TICKS) return;
      this.#refuse(this.#running?.work);
      void this.#end(new PatternFault('the pattern takes too long'));
    }, TICK_MS);
  }

  #refuse(pattern: Pattern | undefined): void {
    if (!pattern) return;
    this.givenUp++;
    this.#refused.set(keyOf(pattern), Date.now() + REFUSED_MS);
    for (const key of this.#refused.keys()) if (this.#refused.size > MAX_REFUSED) this.#refused.delete(key);
  }

  #start(): Worker {
    const worker = new Worker(this.#script, { workerData: this.#progress, resourceLimits: { maxOldGenerationSizeMb: 256 } });
    worker.unref();
    this.#ready = false;
    worker.on('message', (said: Outcome | Ready) => {
      if (worker !== this.#worker) return;
      if ('ready' in said) this.#begin();
      else this.#finish(said);
    });
    worker.on('error', (err) => {
      if (worker === this.#worker) void this.#end(new PatternFault(err.message));
    });
    return worker;
  }

  /** On a busy machine a thread may take longer to begin than a pattern may take: only from now on it is the pattern's time. */
  #begin(): void {
    this.#ready = true;
    if (this.#running) this.#observe();
  }

  #finish(outcome: Outcome): void {
    clearInterval(this.#watch);
    const job = this.#running;
    this.#running = undefined;
    if ('fault' in outcome) job?.reject(new PatternFault(outcome.fault));
    else job?.resolve(outcome.hits);
    if (this.#queue.length === 0) this.#idle = setTimeout(() => void this.#end(), IDLE_MS).unref();
    this.#next();
  }

  /** End the thread and what it is doing; the others in the queue get a new one. */
  async #end(err?: Error): Promise<void> {
    clearInterval(this.#watch);
    clearTimeout(this.#idle);
    const [worker, job] = [this.#worker, this.#running];
    this.#worker = undefined;
    if (err) job?.reject(err);
    await worker?.terminate(); // at most one is dying at a time
    this.#running = undefined;
    this.#next();
  }
}
