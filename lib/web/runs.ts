/** Which numbers of each run have been taken: a line is named by (id, run, n) for ever, so one that comes again is known. */

const MAX_RUNS = 4096;
const MAX_RANGES = 32;

/** Ranges of numbers, ascending, as from, to, from, to... */
type Ranges = number[];

export class Runs {
  /** Numbers taken that came between others of their run. */
  late = 0;
  // Runs used lately, and those used before them: forgetting takes the older half at once, and using a run costs one look.
  #young = new Map<string, Ranges>();
  #old = new Map<string, Ranges>();

  /** Take number `n` of a run, `key` being its stream and token; false if it was taken before. What is long past counts as new. */
  take(key: string, n: number): boolean {
    const ranges = this.#young.get(key) ?? this.#turnTo(key);
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
    const taken = takeLate(ranges, n);
    if (taken && n > (ranges[0] as number)) this.late++;
    return taken;
  }

  /** The last number taken of each run. */
  ends(): Map<string, number> {
    return new Map([...this.#old, ...this.#young].map(([key, ranges]) => [key, ranges.at(-1) as number]));
  }

  #turnTo(key: string): Ranges {
    const ranges = this.#old.get(key) ?? [];
    if (this.#young.size >= MAX_RUNS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, ranges);
    return ranges;
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
