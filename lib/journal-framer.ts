/** Turns what `journalctl -o json` writes into records: each entry under its own unit's id, with its own time and priority. */
import { isUtf8 } from 'node:buffer';
import { stripAnsi } from './ansi.ts';
import { parseEntry, toStreamId } from './journal-entry.ts';
import { LineCutter } from './lines.ts';
import { MAX_ENVELOPE } from './record-writer.ts';

/** The longest line of journalctl that is read: a message of bytes takes four characters for each. */
const MAX_ENTRY = 4 * 1_048_576;
/** Streams that are numbered at once; with one more, all begin a new run. */
const MAX_STREAMS = 10_000;
const BLOCK = 65_536; // records go out when they are about as much

export type JournalOptions = {
  /** First part of every id; '' takes the host's name in the entry. */
  prefix: string;
  /** Makes the token of a run. */
  newRun: () => string;
  fields: readonly (readonly [key: string, value: string])[];
  /** The most bytes of a message in one record. */
  max: number;
  strip: boolean;
};

/** Chunks of journalctl's output in, blocks of whole records out; memory is bounded, whatever comes. */
export class JournalFramer {
  readonly waiting = false;
  /** Entries, and lines that were none. */
  lines = 0;
  /** Records written. */
  n = 0;
  split = 0;
  replaced = 0;
  /** Lines that were no entry. */
  strangers = 0;
  readonly #options: JournalOptions;
  readonly #cutter = new LineCutter(MAX_ENTRY);
  readonly #numbers = new Map<string, number>();
  #run: string;

  /** Throws Error when the fields are too long for a record. */
  constructor(options: JournalOptions) {
    if (JSON.stringify(options.fields).length > MAX_ENVELOPE / 2) throw new Error(`fields take more than ${MAX_ENVELOPE / 2048} KiB`);
    this.#options = options;
    this.#run = options.newRun();
  }

  /** Bytes that arrived at `now` (ms). Every entry that they complete is in the records that come out. */
  *push(chunk: Buffer, now: number): Generator<Buffer, void> {
    for (const block of this.#cutter.push(chunk)) yield* this.#block(block, now);
  }

  *settle(): Generator<Buffer, void> {}

  *end(now: number): Generator<Buffer, void> {
    for (const block of this.#cutter.end()) yield* this.#block(block, now);
  }

  /** Records without a message, `beat` or `end`, one a stream. */
  sign(kind: 'beat' | 'end', now: number): Buffer {
    const records = [...this.#numbers].map(([id, n]) => `${JSON.stringify({ id, run: this.#run, n, ts: now, [kind]: true })}\n`);
    return Buffer.from(records.join(''));
  }

  *#block(block: Buffer, now: number): Generator<Buffer, void> {
    let records: string[] = [];
    let size = 0;
    for (let at = 0; at < block.length; ) {
      const newline = block.indexOf(10, at);
      for (const record of this.#entry(block.subarray(at, newline), now)) {
        records.push(record);
        size += record.length;
        if (size < BLOCK) continue;
        yield Buffer.from(records.join(''));
        records = [];
        size = 0;
      }
      at = newline + 1;
    }
    if (size > 0) yield Buffer.from(records.join(''));
  }

  *#entry(line: Buffer, now: number): Generator<string, void> {
    this.lines++;
    const { prefix, strip } = this.#options;
    const entry = parseEntry(line.toString());
    if (!entry) this.strangers++;
    const id = toStreamId(prefix || entry?.host || 'localhost', entry?.unit ?? 'journal');
    const message = entry?.message ?? line;
    if (!isUtf8(message)) this.replaced++;
    const text = strip ? stripAnsi(message.toString()) : message.toString();
    const parts = this.#cut(Buffer.from(text));
    if (parts.length > 1) this.split++;
    for (const [i, part] of parts.entries()) yield this.#record(id, entry?.ts ?? now, part, i < parts.length - 1, entry?.level);
  }

  /** Pieces of at most `max` bytes, none of which ends within a character. */
  #cut(text: Buffer): string[] {
    const { max } = this.#options;
    const parts: string[] = [];
    let at = 0;
    while (text.length - at > max) {
      let end = at + max;
      while (((text[end] ?? 0) & 0xc0) === 0x80) end--;
      parts.push(text.toString('utf8', at, end));
      at = end;
    }
    parts.push(text.toString('utf8', at));
    return parts;
  }

  #record(id: string, ts: number, msg: string, more: boolean, level: string | undefined): string {
    const number = (this.#numbers.get(id) ?? 0) + 1;
    if (number === 1 && this.#numbers.size >= MAX_STREAMS) {
      this.#numbers.clear();
      this.#run = this.#options.newRun();
    }
    this.#numbers.set(id, number);
    this.n++;
    const extra = { ...(more && { more }), ...(level !== undefined && { level }), ...Object.fromEntries(this.#options.fields) };
    return `${JSON.stringify({ id, run: this.#run, n: number, ts, msg, ...extra })}\n`;
  }
}
