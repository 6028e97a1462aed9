/** What this page was not given although the server had it: room is left for it among the rows, or is before them, and it can be loaded. */
import type { Chunk } from './chunk.ts';
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
  /** Entries that have been loaded in place of notes. */
  loaded = 0;

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
    const found = hole && (await this.#once(position, hole, load));
    if (!found) return undefined;
    const { rows, missing } = found;
    const chunk = this.#store.chunkOf(position);
    this.#holes.delete(position);
    if (!chunk) return undefined; // dropped meanwhile, and what was left out with it
    chunk.kinds[position - chunk.first] = KIND.filled;
    this.loaded += hole.to - hole.from + 1 - missing;
    this.#fill(rows);
    return rows.lines;
  }

  /**
   * Load the entries `from` to `to`, the next before all that were given. Gives the chunks that they are in, oldest first; undefined
   * where they are being loaded, or lines have been dropped that would be missing behind them.
   */
  async before(epoch: string, from: number, to: number, load: Load): Promise<Chunk[] | undefined> {
    const start = this.#store.first - (to - from + 1);
    const rows = (await this.#once(NaN, { epoch, from, to, start }, load))?.rows;
    if (!rows || this.#store.room === 0) return undefined;
    const oldest = rows.chunks[0];
    // What the server has dropped since is not missing between others.
    if (oldest?.kinds[0] === KIND.skip) oldest.kinds[0] = KIND.filled;
    this.#fill(rows);
    return rows.chunks;
  }

  /** What is in a hole, in a store of its own, and how many entries of it are not held any more; undefined while it is being loaded already. */
  async #once(key: number, { epoch, from, to, start }: Hole, load: Load): Promise<{ rows: Store; missing: number } | undefined> {
    if (this.#loading.has(key)) return undefined;
    this.#loading.add(key);
    try {
      const rows = new Store({ lines: Infinity, bytes: Infinity }, start);
      const intake = new Intake(rows, new Runs(), () => {});
      const reader = FeedReader.from(intake, epoch, from - 1);
      reader.begin();
      await load(`after=${epoch}.${from - 1}&until=${epoch}.${to}`, (block) => reader.push(block));
      if (reader.epoch !== epoch) throw new Error('the server was started again');
      if (reader.seq < to) throw new Error('the answer was cut short');
      return { rows, missing: intake.skipped };
    } finally {
      this.#loading.delete(key);
    }
  }

  /** Put rows where they belong; their lines would be known if they came again. */
  #fill(rows: Store): void {
    this.#store.fill(rows);
    for (const chunk of rows.chunks) {
      for (let row = 0; row < chunk.count; row++) {
        const { id, run, n } = chunk.label(row);
        if (run !== '') this.#runs.take(`${id}\n${run}`, n);
      }
    }
  }
}
