/** What this page was not given although the server had it: room is left for it among the rows, and it can be loaded back. */
import { FeedReader } from './feed.ts';
import { Intake } from './intake.ts';
import { KIND } from './kind.ts';
import { Runs } from './runs.ts';
import { Store } from './store.ts';

/** Gives what the server answers to `api/live?query` block by block, to its end; rejects where it cannot be had. */
export type Load = (query: string, block: (block: Uint8Array) => void) => Promise<void>;

/** Entries of a life of the server, and the first position of the room for them. */
type Hole = { epoch: string; from: number; to: number; start: number };

const MAX_HOLES = 1000;

export class Holes {
  readonly #store: Store;
  readonly #runs: Runs;
  readonly #holes = new Map<number, Hole>(); // by position of the note before it
  readonly #loading = new Set<number>();

  constructor(store: Store, runs: Runs) {
    this.#store = store;
    this.#runs = runs;
  }

  /** Leave room behind the row that came last, which is the note that tells of it. */
  leave(epoch: string, from: number, to: number): void {
    if (to < from) return;
    const note = this.#store.end - 1;
    this.#holes.set(note, { epoch, from, to, start: this.#store.leave(to - from + 1) });
    if (this.#holes.size > MAX_HOLES) for (const oldest of this.#holes.keys()) return void this.#holes.delete(oldest);
  }

  /** Whether what the note at this position tells of may still be had. */
  has(position: number): boolean {
    return this.#holes.has(position);
  }

  /**
   * Load what the note at a position tells of and put it in its place; the note is gone then, and where part of it could not be had
   * another tells so. Gives the lines loaded, undefined where there is nothing to load. Rejects as `load` does: the note stays.
   */
  async load(position: number, load: Load): Promise<number | undefined> {
    const hole = this.#holes.get(position);
    if (!hole || this.#loading.has(position)) return undefined;
    this.#loading.add(position);
    try {
      const { epoch, from, to, start } = hole;
      const rows = new Store({ lines: Infinity, bytes: Infinity }, start);
      const reader = FeedReader.from(new Intake(rows, new Runs(), () => {}), epoch, from - 1);
      reader.begin();
      await load(`after=${epoch}.${from - 1}&until=${epoch}.${to}`, (block) => reader.push(block));
      if (reader.epoch === epoch && reader.seq < to) throw new Error('the answer was cut short');
      if (reader.epoch !== epoch) throw new Error('the server was started again');
      const chunk = this.#store.chunkOf(position);
      this.#holes.delete(position);
      if (!chunk) return undefined; // dropped meanwhile, and what was left out with it
      chunk.kinds[position - chunk.first] = KIND.filled;
      this.#store.fill(rows);
      this.#take(rows);
      return rows.lines;
    } finally {
      this.#loading.delete(position);
    }
  }

  /** These lines would be known if they came again. */
  #take(rows: Store): void {
    for (const chunk of rows.chunks) {
      for (let row = 0; row < chunk.count; row++) {
        const { id, run, n } = chunk.label(row);
        if (run !== '') this.#runs.take(`${id}\n${run}`, n);
      }
    }
  }
}
