/** How many lines at level error or above have come, in all and of each stream; lines that go on from another are not counted. */

/** Streams that are counted; beyond, all begin anew. */
const MAX_STREAMS = 20_000;

export class Errors {
  count = 0;
  readonly #counts = new Map<string, number>();

  /** One has come of a stream. */
  add(id: string): void {
    this.count++;
    if (this.#counts.size >= MAX_STREAMS) this.#counts.clear();
    this.#counts.set(id, this.of(id) + 1);
  }

  of(id: string): number {
    return this.#counts.get(id) ?? 0;
  }
}
