/** What the match worker does with a job: try filters on rows of bytes, or mark where they match in texts. */
import { expressionOf, marksOfAll } from './pattern.ts';
import { plainText } from './sgr.ts';
import type { Filter, MatchAnswer, MatchJob } from './talk.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Expressions of which every one, and those of which none may match. */
export type Test = { every: RegExp[]; none: RegExp[] };

export function testOf(filters: readonly Filter[]): Test {
  const make = (exclude: boolean): RegExp[] => filters.filter((f) => f.exclude === exclude).map((f) => expressionOf(f, false));
  return { every: make(false), none: make(true) };
}

/** Whether a text passes. */
export function passes(text: string, { every, none }: Test): boolean {
  for (const regex of every) if (!regex.test(text)) return false;
  for (const regex of none) if (regex.test(text)) return false;
  return true;
}

/** Answers jobs one after the other; expressions are compiled when the filters change. */
export class Tries {
  #key = '';
  #test: Test = { every: [], none: [] };
  #marking: RegExp[] = [];

  answer(job: MatchJob): MatchAnswer {
    this.#turnTo(job.filters);
    if (job.what === 'mark') return { job: job.job, marks: job.texts.map((text) => marksOfAll(plainText(text), this.#marking)) };
    return { job: job.job, bits: tryRows(job.bytes, job.bounds, this.#test) };
  }

  #turnTo(filters: Filter[]): void {
    const key = JSON.stringify(filters);
    if (key === this.#key) return;
    this.#test = testOf(filters);
    this.#marking = filters.filter((f) => !f.exclude).map((f) => expressionOf(f, true));
    this.#key = key;
  }
}

/** One bit a row: whether its text passes. `bounds` are start and end of each row's text in `bytes`. */
export function tryRows(bytes: Uint8Array, bounds: Uint32Array, test: Test): Uint8Array {
  const rows = bounds.length / 2;
  const bits = new Uint8Array((rows + 7) >> 3);
  const text = decoder.decode(bytes);
  // One decoding for all rows: in the text they begin where they do in the bytes, unless some characters take several bytes.
  const places = text.length === bytes.length ? bounds : placesInText(bytes, bounds, text.length);
  const coloured = text.includes('\x1b');
  for (let row = 0; row < rows; row++) {
    const line = places
      ? text.slice(places[row * 2], places[row * 2 + 1])
      : decoder.decode(bytes.subarray(bounds[row * 2], bounds[row * 2 + 1]));
    if (passes(coloured ? plainText(line) : line, test)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  }
  return bits;
}

/** The bounds, counted in characters of the decoded text instead of bytes; undefined where the bytes are not UTF-8 throughout. */
function placesInText(bytes: Uint8Array, bounds: Uint32Array, length: number): Uint32Array | undefined {
  const places = new Uint32Array(bounds.length);
  let units = 0;
  let at = 0;
  for (let i = 0; i < bounds.length; i++) {
    const stop = bounds[i] as number;
    for (; at < stop; at++) {
      const c = bytes[at] as number;
      if (c < 0x80 || c >= 0xc0) units += c >= 0xf0 ? 2 : 1;
    }
    places[i] = units;
  }
  for (; at < bytes.length; at++) units += (bytes[at] as number) >= 0xf0 ? 2 : ((bytes[at] as number) & 0xc0) === 0x80 ? 0 : 1;
  return units === length ? places : undefined;
}
