/** What is noted of each entry as it comes, for all who ask: its level, and whether it goes on from the one before it in its stream. */
import { type Batch, KIND } from './batch.ts';
import { Heads } from './heads.ts';
import { viewOf } from './json-scan.ts';
import { unescapeTo } from './json-text.ts';
import { digitOf, TRAIT } from './level.ts';
import { Literal } from './literal.ts';

const BACKSLASH = 0x5c;
const MORE = new Literal('","more":true');

/** Lines that go on from others have their level, so batches are to be noted in their order. */
export class Traits {
  readonly #heads = new Heads();
  #text = new Uint8Array(4096);

  /** Note the traits of all entries of the next batch in it. */
  note(batch: Batch): void {
    const { bytes, msgs, ends, traits } = batch;
    const view = viewOf(bytes);
    let escape = bytes.indexOf(BACKSLASH);
    for (let i = 0; i < batch.count; i++) {
      traits[i] = digitOf(0);
      if (batch.kinds[i] === KIND.mark) continue;
      const start = msgs[2 * i] as number;
      const end = msgs[2 * i + 1] as number;
      const tailEnd = (ends[i] as number) - 1;
      const head = this.#heads.of(batch.id(i));
      const more = MORE.stands(bytes, view, end, tailEnd);
      if (escape >= 0 && escape < start) escape = bytes.indexOf(BACKSLASH, start);
      if (escape < 0 || escape >= end) head.read(bytes, start, end, end + 1, tailEnd, more);
      else {
        const textEnd = this.#resolve(bytes, start, end, tailEnd);
        head.read(this.#text, 0, textEnd, textEnd, textEnd + tailEnd - end - 1, more);
      }
      traits[i] = digitOf(head.level | (head.goesOn ? TRAIT.goesOn : 0));
    }
  }

  /** Put the text without its escapes, and behind it the keys that follow it, into #text; returns where the text ends. */
  #resolve(bytes: Uint8Array, start: number, end: number, tailEnd: number): number {
    if (this.#text.length < tailEnd - start) this.#text = new Uint8Array(tailEnd - start);
    const textEnd = unescapeTo(this.#text, 0, bytes, start, end);
    if (tailEnd > end + 2) this.#text.set(bytes.subarray(end + 1, tailEnd), textEnd);
    else this.#text[textEnd] = bytes[end + 1] as number;
    return textEnd;
  }
}
