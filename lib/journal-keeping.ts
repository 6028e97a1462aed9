/** A receiver's way out through a journal: one writer a folder, what was there recovered, lines to the disk and from there to stdout. */
import { note, why } from './cli.ts';
import { realDisk } from './disk.ts';
import { lockFolder } from './folder-lock.ts';
import { Journal, type JournalOptions } from './journal.ts';
import { JournalCopy } from './journal-copy.ts';
import { segmentName } from './journal-format.ts';
import { JournalOutlet } from './journal-outlet.ts';
import type { Damage } from './journal-recovery.ts';
import type { WayOut } from './outlet.ts';
import type { Output } from './output.ts';
import type { Counters } from './progress.ts';
import type { Rota } from './rota.ts';

const TOLD = 20; // damaged places, each told; more are only counted

export type KeepingEvents = {
  /** Something is on the disk now. */
  written(): void;
  /** The journal is damaged somewhere: what to tell. */
  damaged(text: string): void;
};

export class Keeping implements WayOut {
  readonly journal: Journal;
  readonly rota: Rota;
  readonly failed: Promise<never>;
  readonly gone: Promise<void>;
  readonly #outlet: JournalOutlet;
  readonly #copy: JournalCopy;
  readonly #output: Output;
  readonly #unlock: () => void;
  readonly #damage = new Set<string>(); // places
  #events: KeepingEvents = { written: () => {}, damaged: () => {} };

  /**
   * Lock and recover the journal in `folder`, which is made if it is missing. `nowhere`: nobody wants what `output` would get.
   * Rejects with an Error that names the folder.
   */
  static async open(folder: string, options: JournalOptions, output: Output, nowhere: boolean): Promise<Keeping> {
    let unlock: () => void;
    try {
      await realDisk.makeFolder(folder);
      unlock = lockFolder(folder);
    } catch (err) {
      throw new Error(`cannot use journal ${folder}: ${why(err)}`, { cause: err });
    }
    const journal = await Journal.open(folder, options);
    const { cut } = journal;
    if (cut) {
      const what = `${cut.to - cut.from} bytes off the end of ${segmentName(cut.segment)}`;
      note(`journal ${folder}: cut ${what}, which no sender was promised: ${cut.reason}`);
    }
    return new Keeping(journal, await JournalCopy.open(journal, output, nowhere, note), output, unlock);
  }

  private constructor(journal: Journal, copy: JournalCopy, output: Output, unlock: () => void) {
    this.journal = journal;
    this.#copy = copy;
    this.#output = output;
    this.#unlock = unlock;
    this.#outlet = new JournalOutlet(journal, { placed: (placed) => copy.offer(placed), written: () => this.#events.written(), say: note });
    this.rota = this.#outlet.rota;
    this.gone = copy.gone;
    this.failed = Promise.race([this.#outlet.failed, copy.failed]);
    this.failed.catch(() => {});
  }

  /** Tell of damage, and begin to copy to standard output. */
  begin(events: KeepingEvents): void {
    this.#events = events;
    for (const damage of this.journal.damage) this.#damaged(damage);
    this.#copy.start((damage) => this.#damaged(damage));
  }

  idle(): Promise<void> {
    return this.#outlet.idle();
  }

  drained(): Promise<void> {
    return Promise.race([this.#copy.caughtUp(), this.gone]);
  }

  async close(): Promise<void> {
    this.#outlet.close();
    await this.#copy.close();
    this.#output.close();
    await this.journal.close();
    this.#unlock();
  }

  counters(): Counters {
    const { size, removed } = this.journal;
    return {
      'journal bytes': size,
      'behind bytes': this.#copy.behind,
      'segments removed': removed,
      'damaged places': this.#damage.size,
      'disk full': this.#outlet.full ? 'yes' : 0,
    };
  }

  /** The same place is met when the journal is opened and when it is read. */
  #damaged({ segment, from, to, reason }: Damage): void {
    const place = `${segment} ${from}`;
    if (this.#damage.has(place)) return;
    this.#damage.add(place);
    const where = to > from ? `bytes ${from} to ${to} are passed over` : 'passed over';
    if (this.#damage.size <= TOLD) {
      this.#events.damaged(`journal ${this.journal.folder}: ${segmentName(segment)} is damaged, ${where}: ${reason}`);
    }
  }
}
