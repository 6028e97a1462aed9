/** Where in the store the server's entries lie: so that a place among the lines can be told by a number that others know as well. */

/** Entries of a life of the server from `seq` on, one row each, the first at `position`; up to where the next stretch begins. */
type Stretch = { epoch: string; seq: number; position: number };

const MAX_STRETCHES = 10_000;

export class Places {
  /** By position. */
  #stretches: Stretch[] = [];

  /** From this entry on, entries lie from this position on. */
  put(epoch: string, seq: number, position: number): void {
    const last = this.#stretches.at(-1);
    if (last && last.epoch === epoch && position - last.position === seq - last.seq) return;
    if (last?.position === position) this.#stretches.pop(); // without a row
    this.#stretches.push({ epoch, seq, position });
    if (this.#stretches.length > MAX_STRETCHES) this.#stretches.shift();
  }

  /** Those of rows that have been put between or before the others. */
  add(other: Places): void {
    this.#stretches = [...this.#stretches, ...other.#stretches].sort((a, b) => a.position - b.position);
  }

  /** The position of the first row behind the entry `EPOCH.SEQ`, also when that is still to come; undefined where nothing of that life is known. */
  behind(cursor: string): number | undefined {
    const [life, seq] = [lifeOf(cursor), Number(cursor.slice(cursor.lastIndexOf('.') + 1)) + 1];
    let found: number | undefined;
    for (const { epoch, seq: first, position } of this.#stretches) {
      if (epoch !== life) continue;
      if (first > seq) return Math.min(found ?? position, position);
      found = position + seq - first;
    }
    return found;
  }
}

/** The life of the server that a cursor is of. */
export const lifeOf = (cursor: string): string => cursor.slice(0, cursor.lastIndexOf('.'));
