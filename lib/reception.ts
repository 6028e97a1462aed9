/** A receiver as a whole: the door, the streams, the way out, and how they begin, reload and end. */
import type { ListenOptions } from 'node:net';
import { note, why } from './cli.ts';
import { Door } from './door.ts';
import { readIdentity } from './identity.ts';
import { notifyReady } from './notify.ts';
import type { JournalOptions } from './journal.ts';
import { Keeping } from './journal-keeping.ts';
import { Outlet, type WayOut } from './outlet.ts';
import { openStdout, stdoutIsNull } from './output.ts';
import { showProgress, type Counters } from './progress.ts';
import { Receiver, type Recall } from './receiver.ts';
import { Reports } from './reports.ts';
import { Roster } from './roster.ts';
import { rollLines } from './rollcall.ts';

const WINDOW = 4_194_304; // bytes of one stream under way: 40 MB/s at 100 ms to and fro
const REMEMBERED = 10_000; // streams whose state is kept
const SHOWN = 1000; // senders at SIGUSR1
const LAGGING = 10; // of those behind, in a log
const LAST_MS = 10_000; // for what has come, when the reader of standard output has left
const ACK_MS = 5; // acknowledgements of many frames go together

export type ReceptionOptions = {
  /** Path of the key and certificate. */
  key: string;
  /** Path of the authorized senders, or undefined for anyone. */
  list: string | undefined;
  raw: boolean;
  /** Make records of lines that are none. */
  frame: boolean;
  verbose: boolean;
  connections: number;
  memory: number;
  /** Where lines are kept, and how long; undefined for no journal. */
  journal: ({ folder: string } & Omit<JournalOptions, 'remembered'>) | undefined;
};

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #roster: Roster;
  readonly #out: WayOut;
  readonly #receiver: Receiver;
  readonly #reports: Reports;
  readonly #door: Door;
  #ackTimer: NodeJS.Timeout | undefined;
  #stopping: (patience: number) => void = () => {};

  /** Read key and list, open standard output and the journal. Rejects with what is wrong with them. */
  static async prepare(options: ReceptionOptions): Promise<Reception> {
    const identity = await readIdentity(options.key);
    const roster = new Roster(options.list, options.frame);
    await roster.load();
    const output = openStdout({ awaitReaders: true });
    const { journal } = options;
    if (!journal) return new Reception(options, identity, roster, (written) => new Outlet(output, written));
    const keeping = await Keeping.open(journal.folder, { ...journal, remembered: REMEMBERED }, output, stdoutIsNull());
    const reception = new Reception(options, identity, roster, () => keeping);
    keeping.begin({ written: () => reception.#committed(), damaged: (text) => reception.#reports.tell(text) });
    return reception;
  }

  private constructor(
    options: ReceptionOptions, identity: { key: string; cert: string }, roster: Roster, open: (written: () => void) => WayOut,
  ) {
    const { raw, connections, memory } = options;
    this.#options = options;
    this.#roster = roster;
    this.#out = open(() => this.#door.visitors.balance());
    const { rota } = this.#out;
    this.#receiver = new Receiver(rota, { window: WINDOW, total: memory, remembered: REMEMBERED }, {
      due: () => (this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_MS)),
      lost: ({ principal }, loss) => this.#reports.lost(principal, loss),
      refused: ({ principal }, reason) => this.#door.refused(principal, reason),
    }, this.#recall());
    this.#reports = new Reports(rota, (text) => this.#door.report(text));
    this.#door = new Door({ ...identity, roster, raw, receiver: this.#receiver, rota, connections, memory, say: note });
  }

  /** Listen and write until `stop` or until the output fails. Resolves with the bytes of raw senders that could not be written any more. */
  async serve(where: ListenOptions | { fd: number }, shown: string): Promise<number> {
    const stopped = new Promise<number>((resolve) => (this.#stopping = resolve));
    let at: string | undefined;
    try {
      at = await this.#door.listen(where);
    } catch (err) {
      await this.#out.close();
      throw new Error(`cannot listen on ${shown}: ${why(err)}`, { cause: err });
    }
    note(`listening on ${at ?? shown}`);
    const notifier = notifyReady(() => `listening on ${at ?? shown}`);
    const progress = showProgress(this.#options.verbose, () => this.#counters(), (all) => this.#senders(all));
    try {
      const patience = await Promise.race([stopped, this.#out.failed, this.#out.gone.then(() => LAST_MS)]);
      notifier.end();
      return await this.#finish(patience);
    } finally {
      progress.stop();
      await this.#door.close('the receiver has ended');
      await this.#out.close();
    }
  }

  /** Read no further, write what is here for `patience` ms at most, acknowledge it, send the senders away. */
  stop(patience: number): void {
    this.#stopping(patience);
  }

  async #finish(patience: number): Promise<number> {
    this.#door.stopReading();
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), patience)));
    this.#reports.end();
    await Promise.race([this.#out.idle(), this.#out.failed, enough]);
    this.#acknowledge();
    await this.#door.close('the receiver ends');
    await Promise.race([this.#out.drained(), this.#out.failed, enough]);
    clearTimeout(timer);
    return this.#door.rawCounts.waiting;
  }

  /** Read key and list again. What cannot be used is told, and what held before goes on. */
  async reload(): Promise<void> {
    // Each file by itself: a key that cannot be read must not keep a sender in that was taken off the list.
    const files: [string, () => Promise<void>][] = [['key', async () => {
      const { key, cert } = await readIdentity(this.#options.key);
      this.#door.changeKey(key, cert);
    }]];
    if (this.#options.list !== undefined) files.push(['authorized senders', async () => {
      await this.#roster.load();
      this.#door.visitors.check();
    }]);
    const done: string[] = [];
    for (const [what, read] of files) {
      try {
        await read();
        done.push(what);
      } catch (err) {
        note(`${err instanceof Error ? err.message : err}; going on with what was read before`);
      }
    }
    if (done.length > 0) note(`${done.join(' and ')} read again`);
  }

  /** The state of streams in the journal, where there is one. */
  #recall(): Recall | undefined {
    if (!(this.#out instanceof Keeping)) return undefined;
    const { standings } = this.#out.journal;
    return (principal, epoch) => standings.recall(principal, epoch, Date.now());
  }

  /** What senders wait for to be safe is safe. */
  #committed(): void {
    this.#acknowledge();
    this.#door.visitors.balance();
  }

  #acknowledge(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    this.#receiver.acknowledge();
  }

  /** Lines about the senders: of all, or of those furthest behind. */
  #senders(all: boolean): string[] {
    if (all) return this.#door.visitors.describe(SHOWN);
    return rollLines(this.#door.visitors.present.filter(({ behind, limited }) => behind + limited > 0), LAGGING);
  }

  #counters(): Counters {
    const { counts, live, remembered } = this.#receiver;
    const { rawCounts: raw } = this.#door;
    return {
      lines: counts.lines + raw.lines,
      bytes: counts.bytes + raw.bytes,
      senders: live,
      limited: this.#door.visitors.limited,
      streams: remembered,
      raw: this.#door.visitors.raw,
      'waiting bytes': this.#out.rota.held,
      refused: counts.refused + raw.refused,
      'repeated bytes': counts.repeated,
      'lost bytes': counts.lost,
      split: raw.split,
      unended: raw.unended,
      connections: this.#door.counts.connections,
      'turned away': this.#door.counts.turnedAway,
      ...this.#out.counters(),
    };
  }
}
