/** A receiver as a whole: the door, the streams, the way out, and how they begin, reload and end. */
import type { ListenOptions } from 'node:net';
import { note, why } from './cli.ts';
import { Door } from './door.ts';
import { readIdentity } from './identity.ts';
import { notifyReady } from './notify.ts';
import { Outlet } from './outlet.ts';
import { openStdout, type Output } from './output.ts';
import { showProgress, type Counters } from './progress.ts';
import { Receiver } from './receiver.ts';
import { Roster } from './roster.ts';

const WINDOW = 4_194_304; // bytes of one stream under way: 40 MB/s at 100 ms to and fro
const REMEMBERED = 10_000; // streams whose state is kept
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
};

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #roster: Roster;
  readonly #output: Output;
  readonly #outlet: Outlet;
  readonly #receiver: Receiver;
  readonly #door: Door;
  #ackTimer: NodeJS.Timeout | undefined;
  #stopping: (patience: number) => void = () => {};

  /** Read key and list, open standard output. Rejects with what is wrong with them. */
  static async prepare(options: ReceptionOptions): Promise<Reception> {
    const identity = await readIdentity(options.key);
    const roster = new Roster(options.list, options.frame);
    await roster.load();
    return new Reception(options, identity, roster);
  }

  private constructor(options: ReceptionOptions, identity: { key: string; cert: string }, roster: Roster) {
    const { raw, connections, memory } = options;
    this.#options = options;
    this.#roster = roster;
    this.#output = openStdout({ awaitReaders: true });
    this.#outlet = new Outlet(this.#output, () => this.#door.balance());
    const { rota } = this.#outlet;
    this.#receiver = new Receiver(rota, { window: WINDOW, total: memory, remembered: REMEMBERED }, {
      due: () => (this.#ackTimer ??= setTimeout(() => this.#acknowledge(), ACK_MS)),
      lost: ({ principal }, { lines, bytes, reason }) => {
        this.#door.report(`${principal} has lost ${lines > 0 ? `${lines} lines, ` : ''}${bytes} bytes: ${reason}`);
      },
      refused: ({ principal }, reason) => this.#door.refused(principal, reason),
    });
    this.#door = new Door({ ...identity, roster, raw, receiver: this.#receiver, rota, connections, memory, say: note });
  }

  /** Listen and write until `stop` or until the output fails. Resolves with the bytes of raw senders that could not be written any more. */
  async serve(where: ListenOptions | { fd: number }, shown: string): Promise<number> {
    const stopped = new Promise<number>((resolve) => (this.#stopping = resolve));
    let at: string | undefined;
    try {
      at = await this.#door.listen(where);
    } catch (err) {
      this.#output.close();
      throw new Error(`cannot listen on ${shown}: ${why(err)}`, { cause: err });
    }
    note(`listening on ${at ?? shown}`);
    const endNotify = notifyReady(`listening on ${at ?? shown}`);
    const progress = showProgress(this.#options.verbose, () => this.#counters());
    try {
      const patience = await Promise.race([stopped, this.#outlet.failed]);
      endNotify();
      return await this.#finish(patience);
    } finally {
      progress.stop();
      await this.#door.close('the receiver has ended');
      this.#output.close();
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
    await Promise.race([this.#outlet.idle(), this.#outlet.failed, enough]);
    clearTimeout(timer);
    this.#acknowledge();
    await this.#door.close('the receiver ends');
    return this.#door.rawCounts.waiting;
  }

  /** Read key and list again. What cannot be used is told, and what held before goes on. */
  async reload(): Promise<void> {
    try {
      const { key, cert } = await readIdentity(this.#options.key);
      this.#door.changeKey(key, cert);
      await this.#roster.load();
      this.#door.checkAll();
      note(this.#options.list === undefined ? 'key read again' : 'key and authorized senders read again');
    } catch (err) {
      note(`${err instanceof Error ? err.message : err}; going on with what was read before`);
    }
  }

  #acknowledge(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    this.#receiver.acknowledge();
  }

  #counters(): Counters {
    const { counts, live, remembered } = this.#receiver;
    const { rawCounts: raw } = this.#door;
    return {
      lines: counts.lines + raw.lines,
      bytes: counts.bytes + raw.bytes,
      senders: live,
      streams: remembered,
      raw: this.#door.raw,
      'waiting bytes': this.#outlet.rota.held,
      refused: counts.refused + raw.refused,
      'repeated bytes': counts.repeated,
      'lost bytes': counts.lost,
      split: raw.split,
      unended: raw.unended,
      connections: this.#door.counts.connections,
      'turned away': this.#door.counts.turnedAway,
    };
  }
}
