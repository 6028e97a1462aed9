/** Lines that go on from the one before them in their stream, such as those of a stack trace: which they are, and the level they take from it. */
import { goesOn, levelOfKeys, levelOfText, opensTraceback } from './grading.ts';
import { LEVEL, type Level } from './level.ts';

/** The most lines that go on from one: a stream whose every line is indented is no stack trace. */
const MAX_FOLLOWERS = 500;
const MAX_STREAMS = 20_000;

/** What the lines that may follow a line of a stream take from it. */
export class Head {
  /** Of the line that was read last: its level, and whether it goes on from the one before it. */
  level: Level = LEVEL.none;
  goesOn = false;
  /** Lines at level error or above, those that go on from another not counted. */
  errors = 0;
  #own: Level = LEVEL.none; // level of the line that others may go on from
  #followers = -1; // before its first line a stream has nothing that could go on
  #traceback = false;
  #more = false;

  /**
   * Read the next line of the stream: its text is bytes[start, end), the keys of its record after the text are bytes[tail, tailEnd); its
   * writer says that the next one goes on from it if `more`.
   */
  read(bytes: Uint8Array, start: number, end: number, tail: number, tailEnd: number, more: boolean): void {
    const follows = this.#follows(bytes, start, end);
    let level: Level = follows ? this.#own : LEVEL.none;
    if (level === LEVEL.none && tailEnd > tail) level = levelOfKeys(bytes, tail, tailEnd);
    if (level === LEVEL.none) level = levelOfText(bytes, start, end);
    this.level = level;
    this.goesOn = follows;
    this.#more = more;
    if (follows) return;
    this.#own = level;
    this.#followers = 0;
    this.#traceback = opensTraceback(bytes, start, end);
    if (level >= LEVEL.error) this.errors++;
  }

  /** Python ends a trace with a line that is not indented. */
  #follows(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#followers < 0 || this.#followers >= MAX_FOLLOWERS) return false;
    const indented = goesOn(bytes, start, end);
    const last = !indented && this.#traceback && this.#followers > 0;
    if (last) this.#traceback = false;
    if (!indented && !last && !this.#more) return false;
    this.#followers++;
    return true;
  }
}

/** The heads of all streams. */
export class Heads {
  readonly #heads = new Map<string, Head>();
  #id = '';
  #head = new Head();

  /** The stream's, a new one for a new stream. */
  of(id: string): Head {
    if (id === this.#id) return this.#head;
    let head = this.#heads.get(id);
    if (!head) {
      if (this.#heads.size >= MAX_STREAMS) this.#heads.clear();
      this.#heads.set(id, (head = new Head()));
    }
    this.#id = id;
    return (this.#head = head);
  }

  /** The stream's, if it has had a line. */
  known(id: string): Head | undefined {
    return this.#heads.get(id);
  }
}
