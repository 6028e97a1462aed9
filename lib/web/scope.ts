/** Which lines a pane is about, whatever their text: streams, levels, a stretch of time, and what has not been cleared away. */
import { ALL_LEVELS } from '../level.ts';
import type { Chunk } from './chunk.ts';
import { isLine, KIND, TRAIT } from './kind.ts';
import type { Choice } from './talk.ts';

/** What a row is to a pane: not its business, a note that it shows, a line that is hidden, one hidden by its level alone, one it shows. */
export const PART = { none: 0, note: 1, hidden: 2, off: 3, line: 4 } as const;
export type Part = (typeof PART)[keyof typeof PART];

export class Scope {
  /** Whether levels or times may hide lines; what has been cleared away is not counted among them. */
  readonly narrows: boolean;
  readonly #streams: ReadonlySet<string> | undefined;
  readonly #levels: number;
  readonly #from: number;
  readonly #to: number;
  readonly #after: number;
  // Of the chunk in hand: whether the stream of each name is one of those chosen.
  #chunk: Chunk | undefined;
  #chosen: boolean[] = [];

  /** `after` is the position of the first row that has not been cleared away. */
  constructor({ streams, levels, from, to }: Choice, after = -Infinity) {
    this.#streams = streams && new Set(streams);
    this.#levels = levels;
    this.#from = from ?? -Infinity;
    this.#to = to ?? Infinity;
    this.#after = after;
    this.narrows = levels !== ALL_LEVELS || from !== undefined || to !== undefined;
  }

  /** Whether lines of several streams may stand next to each other. */
  get merged(): boolean {
    return this.#streams?.size !== 1;
  }

  shows(level: number): boolean {
    return ((this.#levels >> level) & 1) !== 0;
  }

  /** Whether none of the rows of a chunk can be its business. */
  misses(chunk: Chunk): boolean {
    this.#turnTo(chunk);
    return !this.#chosen.includes(true) || chunk.first + chunk.count <= this.#after;
  }

  partOf(chunk: Chunk, row: number): Part {
    if (chunk !== this.#chunk || this.#chosen.length < chunk.names.length) this.#turnTo(chunk);
    if (this.#chosen[chunk.ids[row] as number] !== true || chunk.first + row < this.#after) return PART.none;
    const ts = chunk.ts[row] as number;
    const inTime = ts >= this.#from && ts < this.#to;
    const kind = chunk.kinds[row] as number;
    if (!isLine(kind)) return inTime && kind !== KIND.filled ? PART.note : PART.none;
    if (!inTime) return PART.hidden;
    return this.shows((chunk.traits[row] as number) & TRAIT.level) ? PART.line : PART.off;
  }

  #turnTo(chunk: Chunk): void {
    this.#chunk = chunk;
    this.#chosen = chunk.names.map((name) => name === '' || !this.#streams || this.#streams.has(name));
  }
}
