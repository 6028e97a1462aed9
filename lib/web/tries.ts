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
  // Where every character is one byte, offsets in the bytes are offsets in the text: one decoding for all rows.
  const ascii = text.length === bytes.length;
  const coloured = text.includes('\x1b');
  for (let row = 0; row < rows; row++) {
    const start = bounds[row * 2] as number;
    const end = bounds[row * 2 + 1] as number;
    const line = ascii ? text.slice(start, end) : decoder.decode(bytes.subarray(start, end));
    if (regex.test(coloured ? plainText(line) : line)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  }
  return bits;
}
