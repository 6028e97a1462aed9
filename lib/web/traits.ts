/** What is noted of each line as it comes: its level, and whether it goes on from the one before it in its stream. */
import type { Chunk } from './chunk.ts';
import { TRAIT } from './kind.ts';
import { goesOn, levelOfKeys, levelOfText, opensTraceback } from './level.ts';
import { LEVEL, type Level } from './talk.ts';

/** What the lines that may follow a line take from it. */
type Head = { level: Level; followers: number; traceback: boolean; more: boolean; errors: number };

/** The most lines that go on from one: a stream whose every line is indented is no stack trace. */
export const MAX_FOLLOWERS = 500;
const MAX_STREAMS = 20_000;

export class Traits {
  /** Lines at level error or above that have come, those that go on from another not counted. */
  errors = 0;
  readonly #heads = new Map<string, Head>();
  #id = '';
  #head: Head = newHead();

  /** Note the traits of a line that a chunk has just taken. */
  note(chunk: Chunk, row: number, id: string): void {
    const head = this.#turnTo(id);
    const { bytes } = chunk;
    const [start, end, tailEnd] = [chunk.start(row), chunk.end(row), chunk.ends[row * 2 + 1] as number];
    const more = (chunk.traits[row] as number) & TRAIT.more;
    const follows = this.#follows(head, bytes, start, end);
    let level: Level = follows ? head.level : LEVEL.none;
    if (level === LEVEL.none && tailEnd > end) level = levelOfKeys(bytes, end, tailEnd);
    if (level === LEVEL.none) level = levelOfText(bytes, start, end);
    chunk.traits[row] = level | more | (follows ? TRAIT.goesOn : 0);
    head.more = more !== 0;
    if (follows) return;
    head.level = level;
    head.followers = 0;
    head.traceback = opensTraceback(bytes, start, end);
    if (level < LEVEL.error) return;
    this.errors++;
    head.errors++;
  }

  /** Lines at level error or above of a stream. */
  errorsOf(id: string): number {
    return this.#heads.get(id)?.errors ?? 0;
  }

  /** Python ends a trace with a line that is not indented. */
  #follows(head: Head, bytes: Uint8Array, start: number, end: number): boolean {
    if (head.followers < 0 || head.followers >= MAX_FOLLOWERS) return false;
    const indented = goesOn(bytes, start, end);
    const last = !indented && head.traceback && head.followers > 0;
    if (last) head.traceback = false;
    if (!indented && !last && !head.more) return false;
    head.followers++;
    return true;
  }

  #turnTo(id: string): Head {
    if (id === this.#id) return this.#head;
    let head = this.#heads.get(id);
    if (!head) {
      if (this.#heads.size >= MAX_STREAMS) this.#heads.clear();
      this.#heads.set(id, (head = newHead()));
    }
    this.#id = id;
    return (this.#head = head);
  }
}

/** Before its first line a stream has nothing that could go on. */
function newHead(): Head {
  return { level: LEVEL.none, followers: -1, traceback: false, more: false, errors: 0 };
}
