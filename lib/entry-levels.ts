/** The level of each entry that is held, as the page shows it: read when somebody first asks for levels, and then kept for all who do. */
import { setImmediate } from 'node:timers/promises';
import { type Batch, KIND } from './batch.ts';
import { Heads } from './heads.ts';
import { viewOf } from './json-scan.ts';
import { unescapeTo } from './json-text.ts';
import { LEVEL, type Level } from './level.ts';
import { Literal } from './literal.ts';
import type { Ring } from './ring.ts';

/** Entries of a block; blocks are let go whole. */
const BLOCK = 65_536;
const BACKSLASH = 0x5c;
const MORE = new Literal('","more":true');

/**
 * Lines that go on from others have their level, so all are read in their order, a batch at a time, so that nobody else waits long. It
 * takes a byte for each entry.
 */
export class EntryLevels {
  readonly #ring: Ring;
  readonly #heads = new Heads();
  readonly #blocks = new Map<number, Uint8Array>();
  #next = 1; // number of the first entry that has not been read
  #step: Promise<void> | undefined;
  #text = new Uint8Array(4096);

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** Whether the levels of a batch that is held have been read. */
  knows(batch: Batch): boolean {
    return batch.next <= this.#next;
  }

  /** Read the next batch, once for all who wait for it. */
  step(): Promise<void> {
    return (this.#step ??= this.#go());
  }

  /** The level of an entry of a batch that is held and known. */
  of(seq: number): Level {
    return (this.#blocks.get(Math.floor(seq / BLOCK))?.[seq % BLOCK] ?? LEVEL.none) as Level;
  }

  async #go(): Promise<void> {
    await setImmediate();
    this.#step = undefined;
    const batch = this.#ring.batchOf(Math.max(this.#next, this.#ring.first));
    if (!batch) return;
    this.#letGo();
    this.#read(batch, Math.max(0, this.#next - batch.first));
    this.#next = batch.next;
  }

  #letGo(): void {
    const first = Math.floor(this.#ring.first / BLOCK);
    for (const block of this.#blocks.keys()) if (block < first) this.#blocks.delete(block);
  }

  /** Read the entries of the batch from `from` on. */
  #read(batch: Batch, from: number): void {
    const { bytes, msgs, ends } = batch;
    const view = viewOf(bytes);
    let escape = bytes.indexOf(BACKSLASH, batch.start(from));
    for (let i = from; i < batch.count; i++) {
      if (batch.kinds[i] === KIND.mark) continue;
      const [start, end, tailEnd] = [msgs[2 * i] as number, msgs[2 * i + 1] as number, (ends[i] as number) - 1];
      const head = this.#heads.of(batch.id(i));
      const more = MORE.stands(bytes, view, end, tailEnd);
      if (escape >= 0 && escape < start) escape = bytes.indexOf(BACKSLASH, start);
      if (escape < 0 || escape >= end) head.read(bytes, start, end, end + 1, tailEnd, more);
      else {
        const textEnd = this.#resolve(bytes, start, end, tailEnd);
        head.read(this.#text, 0, textEnd, textEnd, textEnd + tailEnd - end - 1, more);
      }
      this.#note(batch.first + i, head.level);
    }
  }

  /** Put the text without its escapes, and behind it the keys that follow it, into #text; returns where the text ends. */
  #resolve(bytes: Uint8Array, start: number, end: number, tailEnd: number): number {
    if (this.#text.length < tailEnd - start) this.#text = new Uint8Array(tailEnd - start);
    const textEnd = unescapeTo(this.#text, 0, bytes, start, end);
    this.#text.set(bytes.subarray(end + 1, tailEnd), textEnd);
    return textEnd;
  }

  #note(seq: number, level: Level): void {
    const key = Math.floor(seq / BLOCK);
    let block = this.#blocks.get(key);
    if (!block) this.#blocks.set(key, (block = new Uint8Array(BLOCK)));
    block[seq % BLOCK] = level;
  }
}
