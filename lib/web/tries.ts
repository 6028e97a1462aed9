/** What the match worker does with a job: try filters on rows, or mark where they match in texts. It keeps the rows it has been given. */
import { RowText } from './row-text.ts';
import { expressionOf, marksOfAll } from './pattern.ts';
import { scoutOf } from './scout.ts';
import { Sequence } from './sequence.ts';
import { plainText } from './sgr.ts';
import type { Filter, MatchAnswer, MatchJob, TryRows } from './talk.ts';

/** Expressions of which every one, and those of which none may match; and one that finds the lines that may pass, if there is such a one. */
export type Test = { every: Sequence[]; none: Sequence[]; scout: RegExp | undefined };

export function testOf(filters: readonly Filter[]): Test {
  const make = (exclude: boolean): RegExp[] => filters.filter((f) => f.exclude === exclude).map((f) => expressionOf(f, false));
  const every = make(false);
  const scouts = every.flatMap((regex) => scoutOf(regex) ?? []).sort((a, b) => b.source.length - a.source.length);
  const take = (regexes: RegExp[]): Sequence[] => regexes.map((regex) => new Sequence(regex));
  return { every: take(every), none: take(make(true)), scout: scouts[0] };
}

/** Whether a line passes. */
export function passes(line: string, { every, none }: Test): boolean {
  for (const one of every) if (!one.test(line)) return false;
  for (const one of none) if (one.test(line)) return false;
  return true;
}

/** Answers jobs one after the other; expressions are compiled when the filters change. */
export class Tries {
  readonly #kept = new Map<number, RowText>();
  #size = 0;
  #key = '';
  #test: Test = testOf([]);
  #marking: RegExp[] = [];

  answer(job: MatchJob): MatchAnswer | undefined {
    if (job.what === 'forget') return this.#forget(job.chunks);
    this.#turnTo(job.filters);
    if (job.what === 'mark') return { marks: job.texts.map((text) => marksOfAll(plainText(text), this.#marking)) };
    const bits = job.rows.map((rows) => tryRows(this.#textOf(rows), this.#test));
    return { bits, kept: this.#size, rooms: job.rows.flatMap(({ bytes }) => (bytes ? [bytes.buffer as ArrayBuffer] : [])) };
  }

  #textOf({ chunk, bytes, bounds, keep }: TryRows): RowText {
    const known = bytes ? undefined : this.#kept.get(chunk);
    if (known) return known;
    const text = new RowText(bytes ?? new Uint8Array(0), bounds ?? new Uint32Array(0));
    if (keep === true) {
      this.#kept.set(chunk, text);
      this.#size += text.size;
    }
    return text;
  }

  #forget(chunks: readonly number[]): undefined {
    for (const chunk of chunks) {
      this.#size -= this.#kept.get(chunk)?.size ?? 0;
      this.#kept.delete(chunk);
    }
  }

  #turnTo(filters: Filter[]): void {
    const key = JSON.stringify(filters);
    if (key === this.#key) return;
    this.#test = testOf(filters);
    this.#marking = filters.filter((f) => !f.exclude).map((f) => expressionOf(f, true));
    this.#key = key;
  }
}

/** So many lines are enough to tell that a scout finds nearly all of them, and only costs time. */
const PROBE = 32;

/** One bit a row: whether it passes. */
export function tryRows(lines: RowText, test: Test): Uint8Array {
  const bits = new Uint8Array((lines.rows + 7) >> 3);
  let { scout } = test;
  let row = 0;
  for (let tried = 0; ; row++, tried++) {
    if (tried === PROBE && row < PROBE * 2) scout = undefined;
    if (scout) row = scouted(lines, scout, row);
    if (row >= lines.rows) return bits;
    if (passes(lines.line(row), test)) bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  }
}

/** The first row from `from` on that the scout finds anything in. */
function scouted({ text, places, rows }: RowText, scout: RegExp, from: number): number {
  if (from >= rows) return rows;
  scout.lastIndex = places[from * 2] as number;
  const match = scout.exec(text);
  if (!match) return rows;
  let row = from;
  while (row < rows && (places[row * 2 + 1] as number) <= match.index) row++;
  return row;
}
