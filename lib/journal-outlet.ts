/** The way out of a receiver that keeps a journal: what waits goes to the disk in groups, is safe then, and is copied to stdout. */
import { setTimeout as delay } from 'node:timers/promises';
import { NoRoom, type Entry, type Journal, type Placed } from './journal.ts';
import { MAX_STREAMS } from './journal-format.ts';
import { Rota, type Lane, type Taken } from './rota.ts';
import type { Standing } from './standings.ts';

const PACE_MS = 20; // from the beginning of one group to that of the next
const ENOUGH = 1_048_576; // bytes that do not wait for it
const MOST = 4_194_304; // bytes of lines that go together: what came while the disk was slow
const TURN = 65_536; // bytes of one sender, then it is the next one's turn
const RETRY_MS = 1000;

export type JournalOutletEvents = {
  /** These groups are on the disk. */
  placed(placed: Placed[]): void;
  /** And their senders may be told so. */
  written(): void;
  say(text: string): void;
};

export class JournalOutlet {
  readonly rota = new Rota(() => this.#wake());
  /** Rejects when the journal fails. Never resolves. */
  readonly failed: Promise<never>;
  readonly #journal: Journal;
  readonly #events: JournalOutletEvents;
  readonly #stop = new AbortController();
  #fail: (err: unknown) => void = () => {};
  #idle: Promise<void> = Promise.resolve();
  #enough: (() => void) | undefined;
  #busy = false;
  #hurried = false;
  #begun = -PACE_MS;
  #fullSince: number | undefined;

  constructor(journal: Journal, events: JournalOutletEvents) {
    this.#journal = journal;
    this.#events = events;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => {});
  }

  /** Whether the disk is full, and senders wait. */
  get full(): boolean {
    return this.#fullSince !== undefined;
  }

  /** Resolves when all that has come until then is on the disk; from now on nothing waits for company. */
  idle(): Promise<void> {
    this.#hurried = true;
    this.#enough?.();
    return this.#idle;
  }

  /** Write no more. */
  close(): void {
    this.#stop.abort();
  }

  #wake(): void {
    if (this.#enough && this.rota.held >= ENOUGH) this.#enough();
    if (this.#busy) return;
    this.#busy = true;
    // After this round of the event loop: what several connections bring in it goes out together.
    this.#idle = new Promise((resolve) => setImmediate(() => void this.#run().then(resolve)));
  }

  async #run(): Promise<void> {
    try {
      while (!this.rota.empty && !this.#stop.signal.aborted) {
        await this.#company();
        this.#begun = performance.now();
        const taken = this.#take();
        const placed = await this.#commit(entriesOf(taken));
        this.#events.placed(placed);
        this.rota.done(taken);
        this.#events.written();
      }
      this.#busy = false;
    } catch (err) {
      this.#fail(err); // and stays busy: nothing more goes out
    }
  }

  /** What goes together now: every sender in its turn. */
  #take(): Taken[] {
    const taken: Taken[] = [];
    for (let bytes = 0; bytes < MOST && !this.rota.empty; ) {
      for (const one of this.rota.take(TURN)) {
        taken.push(one);
        bytes += one.block.length;
      }
    }
    return taken;
  }

  /** Wait for more to go into the same group: not when nothing was written of late, nor when there is enough. */
  async #company(): Promise<void> {
    const rest = this.#begun + PACE_MS - performance.now();
    if (rest <= 0 || this.#hurried || this.rota.held >= ENOUGH) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, rest);
      this.#enough = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#enough = undefined;
  }

  /** Write to the disk; when it is full, again until it is not. */
  async #commit(entries: Entry[]): Promise<Placed[]> {
    for (;;) {
      try {
        const placed = await this.#journal.commit(entries);
        if (this.#fullSince !== undefined) {
          const seconds = Math.round((performance.now() - this.#fullSince) / 1000);
          this.#events.say(`journal ${this.#journal.folder} has room again after ${seconds} s`);
        }
        this.#fullSince = undefined;
        return placed;
      } catch (err) {
        if (!(err instanceof NoRoom)) throw err;
        if (this.#fullSince === undefined) {
          this.#events.say(`cannot write journal ${this.#journal.folder}: ${err.message}; senders wait until there is room`);
        }
        this.#fullSince ??= performance.now();
      }
      await delay(RETRY_MS, undefined, { signal: this.#stop.signal });
    }
  }
}

/** What was taken, as groups of no more streams than a control line tells of. */
function entriesOf(taken: readonly Taken[]): Entry[] {
  const entries: Entry[] = [];
  let payload: Buffer[] = [];
  let standings = new Map<Lane, Standing>();
  const close = (): void => {
    if (payload.length > 0 || standings.size > 0) entries.push({ payload, standings: [...standings.values()] });
    payload = [];
    standings = new Map();
  };
  for (const { lane, block } of taken) {
    if (block.standing && standings.size === MAX_STREAMS && !standings.has(lane)) close();
    if (block.length > 0) payload.push(block.bytes);
    if (block.standing) standings.set(lane, block.standing);
  }
  close();
  return entries;
}
