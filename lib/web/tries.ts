/** What the match worker does with a job: try an expression on rows of bytes, or mark where it matches in texts. */
import { compile, marksIn } from './pattern.ts';
import { plainText } from './sgr.ts';
import type { MatchAnswer, MatchJob } from './talk.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Answers jobs one after the other; the expression is compiled when it changes. */
export class Tries {
  #key = '';
  #regex = /(?:)/;

  answer(job: MatchJob): MatchAnswer {
    this.#turnTo(job);
    if (job.what === 'mark') return { job: job.job, marks: job.texts.map((text) => marksIn(plainText(text), this.#regex)) };
    return { job: job.job, bits: tryRows(job.bytes, job.bounds, this.#regex) };
  }

  #turnTo(job: MatchJob): void {
    const key = `${job.what} ${job.fold} ${job.source}`;
    if (key === this.#key) return;
    this.#regex = compile(job.source, job.fold, job.what === 'mark');
    this.#key = key;
  }
}

/** One bit a row: whether its text matches. `bounds` are start and end of each row's text in `bytes`. */
export function tryRows(bytes: Uint8Array, bounds: Uint32Array, regex: RegExp): Uint8Array {
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
    if (regex.test(coloured ? plainText(line) : line)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
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
