/** The account of every run: which number is expected next, which are missing, which came twice. */

/** What a number is: the one expected, the first of its run, one behind a gap, one that fills a gap, or one to drop. */
export type Verdict = 'next' | 'first' | 'gap' | 'late' | 'early' | 'duplicate' | 'stale';

/** Missing ranges remembered for a run; when there are more, the lowest are given up for good. */
export const MAX_RANGES = 64;

/**
 * One run of one stream. The first number seen is where we joined: what came before it is not lost, but is welcome.
 * Missing numbers are kept as ranges, so that a line that comes late is told from one that comes twice.
 */
export class Run {
  readonly id: string;
  readonly token: string;
  /** Numbers reported missing that have not come since. */
  lost = 0;
  /** First number of the gap that the last `gap` verdict or upTo() opened. */
  gapFrom = 0;
  /** No longer in the account: look it up again. */
  forgotten = false;
  /** Used again since the account last looked for something to forget: a flood of runs of one line each displaces no other. */
  used = false;
  #next = 0;
  #joined = 0;
  #floor = 1; // below it nothing is known any more
  #missing: number[] = []; // from, to, from, to...: ascending, inclusive

  constructor(id: string, token: string) {
    this.id = id;
    this.token = token;
  }

  /** The number expected next, 0 before the first. */
  get next(): number {
    return this.#next;
  }

  /** Take in number n (1 or more). After `gap`, gapFrom to n - 1 are missing; `duplicate` and `stale` are to be dropped. */
  see(n: number): Verdict {
    this.used = this.#next !== 0;
    if (n === this.#next) {
      this.#next = n + 1;
      return 'next';
    }
    if (this.#next === 0) {
      this.#join(n);
      this.#next = n + 1;
      return 'first';
    }
    if (n < this.#next) return this.#seePast(n);
    this.#open(n);
    this.#next = n + 1;
    return 'gap';
  }

  /** The writer says that n was its last number so far. True: gapFrom to n have not come. */
  upTo(n: number): boolean {
    this.used = this.#next !== 0;
    if (this.#next === 0) this.#join(n + 1);
    if (n < this.#next) return false;
    this.#open(n + 1);
    return true;
  }

  #join(n: number): void {
    this.#joined = n;
    this.#next = n;
    if (n > 1) this.#missing.push(1, n - 1);
  }

  /** Everything from the expected number up to n - 1 is missing. */
  #open(n: number): void {
    this.gapFrom = this.#next;
    this.lost += n - this.#next;
    this.#missing.push(this.#next, n - 1);
    this.#next = n;
    this.#bound();
  }

  #seePast(n: number): Verdict {
    if (n < this.#floor) return 'stale';
    const missing = this.#missing;
    let i = missing.length - 2;
    while (i >= 0 && (missing[i] as number) > n) i -= 2;
    if (i < 0 || (missing[i + 1] as number) < n) return 'duplicate';
    const from = missing[i] as number;
    const to = missing[i + 1] as number;
    if (from === to) missing.splice(i, 2);
    else if (n === from) missing[i] = n + 1;
    else if (n === to) missing[i + 1] = n - 1;
    else missing.splice(i, 2, from, n - 1, n + 1, to);
    this.#bound();
    if (n < this.#joined) return 'early';
    this.lost--;
    return 'late';
  }

  #bound(): void {
    if (this.#missing.length <= 2 * MAX_RANGES) return;
    this.#floor = (this.#missing[1] as number) + 1;
    this.#missing.splice(0, 2);
  }
}

/** The runs in use. At most `max`; beyond it the one unused for longest is forgotten, and joined anew if it goes on. */
export class Account {
  /** Runs forgotten to keep the bound. */
  forgotten = 0;
  readonly #max: number;
  readonly #runs = new Map<string, Run>();

  constructor(max = 10_000) {
    this.#max = max;
  }

  get size(): number {
    return this.#runs.size;
  }

  /** The account of a run. Keep it for as long as it is not `forgotten`: this is the slow way. */
  run(id: string, token: string): Run {
    const key = `${id} ${token}`; // an id holds no space
    let run = this.#runs.get(key);
    if (!run) {
      if (this.#runs.size >= this.#max) this.#forgetOne();
      run = new Run(id, token);
      this.#runs.set(key, run);
    }
    return run;
  }

  /** Second chance: the oldest run goes, but those used since they were last looked at go to the end of the queue. */
  #forgetOne(): void {
    for (const [key, run] of this.#runs) {
      this.#runs.delete(key);
      if (!run.used) {
        run.forgotten = true;
        this.forgotten++;
        return;
      }
      run.used = false;
      this.#runs.set(key, run);
    }
  }
}
