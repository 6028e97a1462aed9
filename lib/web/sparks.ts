/** How busy each stream was lately, from the counts that the server gives now and then. */

/** So many values are kept, and drawn: half a minute, asked every two seconds. */
export const KEPT = 16;

type Spark = { lines: number; at: number; rates: number[]; round: number };

export class Sparks {
  readonly #streams = new Map<string, Spark>();
  #round = 0;

  /** Lines a second between answers, the newest last, when a stream has had so many lines at that time (ms). */
  of(id: string, lines: number, now: number): number[] {
    const old = this.#streams.get(id);
    // A server that was started again, or has forgotten the stream for a while, counts from 0.
    const seconds = old && now > old.at && lines >= old.lines ? (now - old.at) / 1000 : 0;
    const rates = old?.rates ?? [];
    if (old && seconds > 0) rates.push((lines - old.lines) / seconds);
    if (rates.length > KEPT) rates.shift();
    this.#streams.set(id, { lines, at: now, rates, round: this.#round });
    return [...rates];
  }

  /** An answer is complete: streams that it did not name are forgotten. */
  forget(): void {
    for (const [id, spark] of this.#streams) if (spark.round !== this.#round) this.#streams.delete(id);
    this.#round++;
  }
}
