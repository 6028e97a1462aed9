/** Joins lines that belong together, such as a stack trace, into one message. */
import { stripAnsi } from './ansi.ts';
import type { Message } from './message.ts';

const LF = 10;
const NEWLINE = Buffer.from('\n');

/** Which lines continue a message. */
export type JoinerOptions = {
  /** A line that matches continues the message before it. Neither global nor sticky. */
  pattern: RegExp;
  /** The most bytes of a line that the pattern is tried on. */
  max: number;
  /** Try the pattern on the line without its escape sequences. */
  strip: boolean;
};

/** Feeds lines to a message and finishes it before each line that does not continue it. */
export class Joiner {
  /** Lines read. */
  lines = 0;
  readonly #message: Message;
  readonly #options: JoinerOptions;
  #head: Buffer; // the beginning of a line not yet known to continue the message or not
  #headLength = 0;
  #inLine = false; // the line's beginning is in the message, its rest is to follow

  constructor(message: Message, options: JoinerOptions) {
    this.#message = message;
    this.#options = options;
    this.#head = Buffer.alloc(0);
  }

  /** Whether a message waits for the line that continues it. */
  get waiting(): boolean {
    return this.#message.open && !this.#inLine;
  }

  /** Bytes of a stream of lines that arrived at `now` (ms), cut anywhere. */
  *push(chunk: Buffer, now: number): Generator<Buffer, void> {
    for (let at = 0; at < chunk.length; ) {
      const newline = chunk.indexOf(LF, at);
      const end = newline < 0 ? chunk.length : newline;
      if (!this.#inLine && this.#headLength === 0 && newline >= 0 && end - at <= this.#options.max) {
        yield* this.#begin(chunk, at, end, now);
      } else {
        if (!this.#inLine) {
          at += this.#takeHead(chunk, at, end);
          if (newline < 0 && this.#headLength < this.#options.max) return;
          yield* this.#beginHeld(now);
        }
        yield* this.#message.append(chunk, at, end, now);
      }
      if (newline >= 0) this.#inLine = false;
      at = end + 1;
    }
  }

  /** No line that continues the message will come: finish it. */
  *settle(now: number): Generator<Buffer, void> {
    if (this.waiting) yield* this.#message.finish(now);
  }

  /** No more input: finish what is there, a line without a newline included. */
  *end(now: number): Generator<Buffer, void> {
    if (this.#headLength > 0) yield* this.#beginHeld(now);
    if (this.#message.open) yield* this.#message.finish(now);
    this.#inLine = false;
  }

  #takeHead(chunk: Buffer, start: number, end: number): number {
    const count = Math.min(end - start, this.#options.max - this.#headLength);
    const need = this.#headLength + count;
    if (need > this.#head.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#options.max, Math.max(need, 2 * this.#head.length, 1024)));
      this.#head.copy(grown, 0, 0, this.#headLength);
      this.#head = grown;
    }
    chunk.copy(this.#head, this.#headLength, start, start + count);
    this.#headLength = need;
    return count;
  }

  *#beginHeld(now: number): Generator<Buffer, void> {
    const length = this.#headLength;
    this.#headLength = 0;
    yield* this.#begin(this.#head, 0, length, now);
  }

  /** The line, or as much of it as is looked at, is in bytes[start, end): decide, and give it to the message. */
  *#begin(bytes: Buffer, start: number, end: number, now: number): Generator<Buffer, void> {
    this.lines++;
    this.#inLine = true;
    if (this.#message.open) {
      if (this.#continues(bytes.toString('utf8', start, end))) yield* this.#message.append(NEWLINE, 0, 1, now);
      else yield* this.#message.finish(now);
    }
    yield* this.#message.append(bytes, start, end, now);
  }

  #continues(line: string): boolean {
    return this.#options.pattern.test(this.#options.strip ? stripAnsi(line) : line);
  }
}
