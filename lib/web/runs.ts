/** Which numbers of each run have been taken: a line is named by (id, run, n) for ever, so one that comes again is known. */

const MAX_RUNS = 4096;
const MAX_RANGES = 32;

/** Ranges of numbers, ascending, as from, to, from, to... */
type Ranges = number[];

export class Runs {
  readonly #taken = new Map<string, Ranges>();
  #id = '';
  #run = '';
  #last: Ranges = [];

  /** Take number `n` of a run; false if it was taken before. Runs and ranges long past are forgotten, and then count as new. */
  take(id: string, run: string, n: number): boolean {
    if (run === '') return true;
    if (run !== this.#run || id !== this.#id) this.#turnTo(id, run);
    const ranges = this.#last;
    const end = ranges.length - 1;
    if (end < 0 || n > (ranges[end] as number) + 1) {
      ranges.push(n, n);
      if (ranges.length > MAX_RANGES * 2) ranges.splice(0, 2);
      return true;
    }
    if (n === (ranges[end] as number) + 1) {
      ranges[end] = n;
      return true;
    }
    return takeLate(ranges, n);
  }

  #turnTo(id: string, run: string): void {
    const key = `${id}\n${run}`;
    const known = this.#taken.get(key);
    this.#last = known ?? [];
    // Put behind the others, so that the first key is the one not used for longest.
    if (known) this.#taken.delete(key);
    this.#taken.set(key, this.#last);
    if (this.#taken.size > MAX_RUNS) {
      for (const oldest of this.#taken.keys()) {
        this.#taken.delete(oldest);
        break;
      }
    }
    this.#id = id;
    this.#run = run;
  }
}

/** A number at or before the end of the last range. */
function takeLate(ranges: Ranges, n: number): boolean {
  let i = 0;
  while (i < ranges.length && n > (ranges[i + 1] as number)) i += 2;
  if (n >= (ranges[i] as number)) return false;
  const joinsBefore = i > 0 && n === (ranges[i - 1] as number) + 1;
  const joinsAfter = n === (ranges[i] as number) - 1;
  if (joinsBefore && joinsAfter) ranges.splice(i - 1, 2);
  else if (joinsBefore) ranges[i - 1] = n;
  else if (joinsAfter) ranges[i] = n;
  else if (ranges.length < MAX_RANGES * 2) ranges.splice(i, 0, n, n);
  return true;
}
