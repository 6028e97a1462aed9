/** What is noted of each line as it comes: its level, and whether it goes on from the one before it in its stream. */
import { Heads } from '../heads.ts';
import { LEVEL } from '../level.ts';
import type { Chunk } from './chunk.ts';
import { TRAIT } from './kind.ts';

export class Traits {
  /** Lines at level error or above that have come, those that go on from another not counted. */
  errors = 0;
  readonly #heads = new Heads();

  /** Note the traits of a line that a chunk has just taken. */
  note(chunk: Chunk, row: number, id: string): void {
    const more = (chunk.traits[row] as number) & TRAIT.more;
    const end = chunk.end(row);
    const head = this.#heads.of(id);
    head.read(chunk.bytes, chunk.start(row), end, end, chunk.ends[row * 2 + 1] as number, more !== 0);
    chunk.traits[row] = head.level | more | (head.goesOn ? TRAIT.goesOn : 0);
    if (head.level >= LEVEL.error && !head.goesOn) this.errors++;
  }

  /** Lines at level error or above of a stream. */
  errorsOf(id: string): number {
    return this.#heads.known(id)?.errors ?? 0;
  }
}
