/** What comes down the feed put into the store: lines once, and a note in place of whatever has not come. */
import { linesText } from './clock.ts';
import { KIND, type Kind } from './kind.ts';
import type { Entry } from './entry.ts';
import type { FeedSink } from './feed.ts';
import type { Holes } from './holes.ts';
import type { Runs } from './runs.ts';
import type { Store } from './store.ts';

const encoder = new TextEncoder();

const SKIPPED: Record<string, string> = {
  slow: 'came faster than this page took them',
  gone: 'had left the memory of the server before this page could take them',
  missing: 'are missing in what the server sent',
};

export class Intake implements FeedSink {
  /**
   * Lines lost of which the server that runs now knows nothing; lost by what it says, less those that came late; that this page was not given;
   * and that came again and were recognised.
   */
  lostBefore = 0;
  lostNow = 0;
  skipped = 0;
  repeated = 0;
  readonly #store: Store;
  readonly #runs: Runs;
  readonly #greeted: () => void;
  readonly #holes: Holes | undefined;
  #ends = new Map<string, number>(); // how far each run had come when the server was started again, until it goes on

  /** With `holes` room is left for what this page is not given now. */
  constructor(store: Store, runs: Runs, greeted: () => void, holes?: Holes) {
    this.#holes = holes;
    this.#store = store;
    this.#runs = runs;
    this.#greeted = greeted;
  }

  hello(known: boolean, now: number): void {
    if (!known) {
      this.#note(KIND.restart, '', now, 'the server was started again; what it no longer held is missing here');
      this.#ends = this.#runs.ends();
      this.lostBefore += this.lostNow;
      this.lostNow = 0;
    }
    this.#greeted();
  }

  next(epoch: string, seq: number): void {
    this.#store.place(epoch, seq);
  }

  record({ writer, n, traits, start, end, escaped, tailEnd }: Entry, bytes: Uint8Array, ts: number): boolean {
    const { id, run, key } = writer;
    const gap = this.#ends.size > 0 ? this.#gapBefore(key, n) : 0;
    if (gap > 0) {
      this.lostBefore += gap;
      this.#noteLost(id, n - gap, n - 1, gap, ts);
    }
    const { late } = this.#runs;
    if (run !== '' && !this.#runs.take(key, n)) {
      this.repeated++;
      return false;
    }
    this.lostNow += late - this.#runs.late;
    const bad = run === '' && id === 'unframed';
    this.#store.add({ kind: bad ? KIND.bad : KIND.line, id, run, n, ts, traits }, bytes, start, end, escaped, tailEnd);
    return gap <= 0;
  }

  /** How many lines are missing before this one of a run that goes on with another life of the server, which knows nothing of them. */
  #gapBefore(key: string, n: number): number {
    const end = this.#ends.get(key) ?? n;
    this.#ends.delete(key);
    return n - end - 1;
  }

  strange(text: string, why: string, ts: number): void {
    const bytes = encoder.encode(`${text} ,"bad":${JSON.stringify(why)}}`);
    const textEnd = encoder.encode(text).length;
    this.#store.add({ kind: KIND.bad, id: 'unframed', run: '', n: 0, ts, traits: 0 }, bytes, 0, textEnd, false, bytes.length);
  }

  lost(id: string, _run: string, from: number, to: number, count: number, ts: number): void {
    this.lostNow += count;
    this.#noteLost(id, from, to, count, ts);
  }

  #noteLost(id: string, from: number, to: number, count: number, ts: number): void {
    this.#note(KIND.lost, id, ts, `${linesText(count)} missing here: ${id} ${from === to ? from : `${from}-${to}`}`);
  }

  end(id: string, ts: number): void {
    this.#note(KIND.end, id, ts, `the writer of ${id} ended`);
  }

  skip(count: number, why: string, epoch: string, from: number, to: number): void {
    this.skipped += count;
    this.#ends.clear(); // gaps of runs are counted with these
    this.#note(KIND.skip, '', Date.now(), `${linesText(count)} not shown: they ${SKIPPED[why] ?? SKIPPED['missing']}`);
    if (why !== 'gone') this.#holes?.leave(epoch, from, to);
  }

  #note(kind: Kind, id: string, ts: number, text: string): void {
    this.#store.note({ kind, id, run: '', n: 0, ts, traits: 0 }, text);
  }
}
