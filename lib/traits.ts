/** What is told of each entry, to all who read it: its level, and whether it goes on from the one before it in its stream. */
import { type Batch, KIND } from './batch.ts';
import { Heads } from './heads.ts';
import { viewOf } from './json-scan.ts';
import { unescapeTo } from './json-text.ts';
import { digitOf, TRAIT } from './level.ts';
import { Literal } from './literal.ts';
import type { Ring } from './ring.ts';

const MORE = new Literal('","more":true');
/** So many readers can be at places of their own. */
const MAX_PLACES = 16;

/**
 * Traits are noted in a batch when it is first read, so that lines which nobody looks at cost nothing. Batches are to be read in their
 * order: where the one before was not read, a line has nothing that it could go on from. What is noted of an entry never changes.
 */
export class Traits {
  /** What lines may go on from, by the number of the entry that comes next: while some follow, others read what is older. */
  readonly #places = new Map<number, Heads>();
  #text = new Uint8Array(4096);

  /** Note the traits of a batch that is about to be read. */
  note(batch: Batch): void {
    if (batch.noted) return;
    batch.noted = true;
    const heads = this.#places.get(batch.first) ?? new Heads();
    for (let i = 0; i < batch.count; i++) {
      const traits = batch.kinds[i] === KIND.mark ? 0 : this.#read(heads, batch, i);
      if (batch.traits[i] === 0) batch.traits[i] = digitOf(traits);
    }
    this.#places.delete(batch.first);
    this.#places.set(batch.next, heads);
    for (const oldest of this.#places.keys()) if (this.#places.size > MAX_PLACES) this.#places.delete(oldest);
  }

  /** Note all that is held, oldest first; between batches `rest` is awaited, so that others have their turn. */
  async noteAll(ring: Ring, rest: () => Promise<unknown>): Promise<void> {
    for (let batch = ring.batchOf(ring.first); batch; batch = ring.batchOf(Math.max(batch.next, ring.first))) {
      if (batch.noted) continue;
      this.note(batch);
      await rest();
    }
  }

  /** Read the text without its escapes, and the keys behind it. */
  #read(heads: Heads, batch: Batch, i: number): number {
    const { bytes, msgs } = batch;
    const start = msgs[2 * i] as number;
    const end = msgs[2 * i + 1] as number;
    const tailEnd = (batch.ends[i] as number) - 1;
    if (this.#text.length < tailEnd - start) this.#text = new Uint8Array(tailEnd - start);
    const text = this.#text;
    const textEnd = unescapeTo(text, 0, bytes, start, end);
    let length = textEnd;
    for (let at = end + 1; at < tailEnd; at++) text[length++] = bytes[at] as number;
    const head = heads.of(batch.id(i));
    head.read(text, 0, textEnd, textEnd, length, MORE.stands(bytes, viewOf(bytes), end, tailEnd));
    return head.level | (head.goesOn ? TRAIT.goesOn : 0);
  }
}
