/** Lines that go on from the one before them in their stream, such as those of a stack trace: which they are, and the level they take from it. */
import { beginsWith } from './ascii.ts';
import { fnv1a } from './fnv.ts';
import { gradeOf } from './grading.ts';
import { unescapeTo } from './json-text.ts';
import { LEVEL, type Level } from './level.ts';
import { closing, levelOfKeys } from './level-keys.ts';
import { GOES_ON } from './level-names.ts';
import {
  bodyOf, hostAt, indentOf, isBlank, isCode, isFrame, isNamed, isPart, isThrown, joinsTracebacks, opensPanic, opensTraceback, standsAlone, textBehindTag,
} from './traces.ts';

/** The most lines that go on from one: a stream whose every line is indented is no stack trace. */
const MAX_FOLLOWERS = 500;
const MAX_STREAMS = 20_000;
/** How much of a line in Docker's JSON is read. */
const MAX_DOCKER = 8192;
const DOCKER = '{"log":"';
const [TAB, LF, SPACE, BRACE] = [9, 10, 32, 123];

/** How far a trace of Python's has come. */
const PYTHON = { no: 0, opened: 1, framed: 2, ended: 3, joined: 4 };

const scratch = new Uint8Array(MAX_DOCKER);

/** What the lines that may follow a line of a stream take from it. */
export class Head {
  /** Of the line that was read last: its level, and whether it goes on from the one before it. */
  level: Level = LEVEL.none;
  goesOn = false;
  #own: Level = LEVEL.none; // level of the line that others may go on from
  #indent = 0; // how far that line is indented
  #followers = -1; // before its first line a stream has nothing that could go on
  #code = false; // the next line may name a function
  #python = PYTHON.no;
  #open = false; // something is wrong, and what was thrown may be named next
  #panic = false; // the line read last was `thread 'x' panicked at x:`
  #more = false;
  #tag = 0; // of the program that wrote the last line of syslog's; others write between its lines
  #tagged = false; // the line that is being read has one

  /**
   * Read the next line of the stream: its text is bytes[start, end), the keys of its record after the text are bytes[tail, tailEnd); its
   * writer says that the next one goes on from it if `more`.
   */
  read(bytes: Uint8Array, start: number, end: number, tail: number, tailEnd: number, more: boolean): void {
    if (bytes[start] === BRACE && beginsWith(bytes, start, end, DOCKER)) {
      this.#read(scratch, 0, inDocker(bytes, start, end), bytes, tail, tailEnd);
    } else this.#read(bytes, this.#untag(bytes, bodyOf(bytes, start, end), end), end, bytes, tail, tailEnd);
    this.#more = more;
  }

  /** Where the text of a line of syslog's begins; `start` for others. What another program wrote goes on from nothing. */
  #untag(bytes: Uint8Array, start: number, end: number): number {
    const host = hostAt(bytes, start, end);
    const text = host < 0 ? -1 : textBehindTag(bytes, host, end, host > start + 16);
    this.#tagged = text >= 0;
    if (!this.#tagged) return start;
    const tag = fnv1a(bytes, host, text);
    if (tag !== this.#tag) this.#followers = MAX_FOLLOWERS;
    this.#tag = tag;
    return text;
  }

  #read(bytes: Uint8Array, start: number, end: number, record: Uint8Array, tail: number, tailEnd: number): void {
    let follows = this.#follows(bytes, start, end);
    let level: Level = follows ? this.#own : LEVEL.none;
    if (level === LEVEL.none && tailEnd > tail) level = levelOfKeys(record, tail, tailEnd);
    if (level === LEVEL.none) {
      const grade = gradeOf(bytes, start, end);
      if (grade !== GOES_ON) level = grade;
      else if (this.#followers >= 0 && this.#followers < MAX_FOLLOWERS) {
        follows = true;
        level = this.#own;
      }
    }
    // What is grave under a line of no level would be passed over.
    if (this.#own === LEVEL.none && level >= LEVEL.warn && !this.#more) follows = false;
    this.level = level;
    this.goesOn = follows;
    this.#panic = level >= LEVEL.error && opensPanic(bytes, start, end);
    if (follows) {
      this.#followers++;
      return;
    }
    this.#own = level;
    this.#indent = indentOf(bytes, start, end);
    this.#followers = 0;
    this.#code = level >= LEVEL.error;
    this.#python = PYTHON.no;
    this.#open = level >= LEVEL.warn && !isThrown(bytes, start, end);
    if (level >= LEVEL.error && opensTraceback(bytes, start, end)) this.#python = PYTHON.opened;
  }

  #follows(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#followers < 0 || this.#followers >= MAX_FOLLOWERS) return false;
    if (this.#more) return true;
    const trouble = this.#own >= LEVEL.warn || this.#followers > 0;
    if (start === end || (bytes[start] as number) <= SPACE) {
      const indent = indentOf(bytes, start, end);
      if (isBlank(bytes, start + indent, end)) return indent > 1 || trouble;
      if (indent <= this.#indent || standsAlone(bytes, start, end, indent)) return false;
      // sudo and others indent what they write to syslog.
      if (this.#tagged && !trouble && bytes[start] !== TAB) return false;
      if (this.#python === PYTHON.opened) this.#python = PYTHON.framed;
      this.#open = false;
      return (this.#code = true);
    }
    if (isPart(bytes, start, end)) return (this.#code = true);
    if (this.#panic) return true;
    return trouble && (this.#python !== PYTHON.no ? this.#inPython(bytes, start, end) : this.#inTrace(bytes, start, end));
  }

  /** Python ends a trace with a line that is not indented, and another trace may follow that it led to. */
  #inPython(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#python === PYTHON.framed && isNamed(bytes, start, end)) this.#python = PYTHON.ended;
    else if (this.#python === PYTHON.ended && joinsTracebacks(bytes, start, end)) this.#python = PYTHON.joined;
    else if (this.#python === PYTHON.joined && opensTraceback(bytes, start, end)) this.#python = PYTHON.opened;
    else this.#python = PYTHON.no;
    return this.#python !== PYTHON.no;
  }

  /** Whether a line that is not indented is the one thing that was thrown, or a frame. */
  #inTrace(bytes: Uint8Array, start: number, end: number): boolean {
    const [open, code] = [this.#open, this.#code];
    this.#open = this.#code = false;
    if (open && opensTraceback(bytes, start, end)) {
      this.#python = PYTHON.opened;
      return true;
    }
    // Under a warning `Error: x` is another matter, and graver.
    if (open && isThrown(bytes, start, end, this.#own === LEVEL.warn)) return true;
    return isFrame(bytes, start, end) || (code && this.#own >= LEVEL.error && isCode(bytes, start, end));
  }
}

/** Put the text of a line that Docker has in JSON into `scratch`, as far as it has room; gives where it ends. */
function inDocker(bytes: Uint8Array, start: number, end: number): number {
  const from = start + DOCKER.length;
  const stop = Math.min(end, from + MAX_DOCKER);
  const length = unescapeTo(scratch, 0, bytes, from, Math.min(closing(bytes, from, stop), stop));
  return scratch[length - 1] === LF ? length - 1 : length;
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
}
