/** A spool: the folder in which a sender keeps what is not acknowledged, of this process and of those before it. */
import type { Amount } from './backlog.ts';
import { why } from './cli.ts';
import { crc32 } from './crc.ts';
import { openDisk, type Disk } from './spool-disk.ts';
import { LeftWindow } from './left-window.ts';
import { tryLock } from './lock.ts';
import type { Counters } from './progress.ts';
import { parseSegmentName } from './segment.ts';
import { newEpoch, type Stream } from './sender.ts';
import { put, SpoolLog, type SpoolState } from './spool-log.ts';
import { SpoolWindow, type SpoolRules } from './spool-window.ts';
import { SpoolWriter } from './spool-writer.ts';
import type { Rest, Store } from './store.ts';

/** When lines are brought to the disk itself: after each read, every so often, or when the system likes. */
export type SyncMode = 'always' | 'interval' | 'never';

export type SpoolOptions = SpoolRules & { sync: SyncMode; say: (text: string) => void };

/** How far an epoch is acknowledged, and where it begins. */
type Hint = { epoch: string; acked: number; from: number };

const SYNC_MS = 200;
const HINT_MS = 1000;
const HINT = 'ack';
const NEW = '.new';

/** Open the spool at that path for this process alone. Rejects with `cannot use PATH: REASON`. */
export async function openSpool(path: string, options: SpoolOptions): Promise<Spool> {
  const disk = openDisk(path);
  const unlock = await tryLock(`lm-spool ${disk.id}`);
  if (!unlock) throw new Error(`cannot use ${path}: another process is using it`);
  try {
    return new Spool(disk, options, unlock);
  } catch (err) {
    await unlock();
    throw new Error(`cannot use ${path}: ${why(err)}`, { cause: err });
  }
}

/** Streams are handed out by `next`, the oldest first, at last that of this process. */
export class Spool implements Store {
  readonly window: SpoolWindow;
  readonly stream: Stream;
  readonly dropped: Amount;
  readonly damaged: Amount;
  /** Called when frames were made, or there is room again. */
  onChange: () => void = () => {};
  readonly #disk: Disk;
  readonly #options: SpoolOptions;
  readonly #state: SpoolState;
  readonly #log: SpoolLog;
  readonly #writer: SpoolWriter;
  readonly #left: SpoolLog[];
  #front: LeftWindow | undefined; // the stream that is delivered now
  #hint: Hint;
  #timers: NodeJS.Timeout[] = [];
  #syncing: Promise<void> = Promise.resolve();
  readonly #unlock: () => Promise<void>;

  /** Reads the names of the files, and none of the lines. Throws the system's error. */
  constructor(disk: Disk, options: SpoolOptions, unlock: () => Promise<void> = async () => {}) {
    this.#unlock = unlock;
    this.#disk = disk;
    this.#options = options;
    this.dropped = { lines: 0, bytes: 0 };
    this.damaged = { lines: 0, bytes: 0 };
    const { dropped, damaged } = this;
    this.#state = { disk, bytes: 0, folderDirty: false, dropped, damaged, say: options.say };
    this.#left = this.#find();
    this.#hint = this.#readHint();
    const order = 1 + this.#left.reduce((most, log) => Math.max(most, log.order), 0);
    this.#log = new SpoolLog(this.#state, order, newEpoch());
    this.#writer = new SpoolWriter(this.#log, this.#state, options.segment);
    const spool = this;
    this.window = new SpoolWindow(this.#log, this.#writer, options, {
      get bytes() {
        return spool.bytes;
      },
      dropped,
      dropOldest: () => this.#dropOldest(),
      changed: () => this.onChange(),
      say: options.say,
    });
    this.stream = this.#streamOf(this.#log, this.window);
  }

  /** Epochs of earlier processes whose files are here, in the order in which they were written. */
  #find(): SpoolLog[] {
    const logs = new Map<string, { order: number; epoch: string; files: { name: string; base: number; size: number }[] }>();
    for (const { name, size } of this.#disk.list().sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (name.endsWith(NEW)) this.#disk.remove(name);
      const parsed = parseSegmentName(name);
      if (!parsed) continue;
      const { order, epoch, base } = parsed;
      const log = logs.get(`${order} ${epoch}`) ?? { order, epoch, files: [] };
      log.files.push({ name, base, size });
      logs.set(`${order} ${epoch}`, log);
      this.#state.bytes += size;
    }
    // Two epochs have the same order when a crash has interrupted the renaming of one: then the offsets tell.
    const list = [...logs.values()].sort((a, b) => a.order - b.order || (a.files[0]?.base ?? 0) - (b.files[0]?.base ?? 0));
    return list.map(({ order, epoch, files }) => new SpoolLog(this.#state, order, epoch, files));
  }

  /** Bytes in files of frames. */
  get bytes(): number {
    return this.#state.bytes;
  }

  /** Bring lines to the disk, and keep a note of how far they are acknowledged, from now on. */
  start(): void {
    if (this.#options.sync === 'interval') this.#every(SYNC_MS, () => void this.sync());
    if (this.#options.sync === 'never') this.#every(SYNC_MS, () => this.#writer.letGo());
    this.#every(HINT_MS, () => this.#writeHint());
  }

  #every(ms: number, body: () => void): void {
    this.#timers.push(setInterval(body, ms).unref());
  }

  /** The stream to deliver first. */
  first(): Stream {
    const log = this.#left[0];
    if (!log) {
      this.#front = this.window;
      return this.stream;
    }
    log.findEnd();
    const { acked, from } = this.#hint.epoch === log.epoch ? this.#hint : { acked: 0, from: 0 };
    log.from = from;
    this.#front = new LeftWindow(log, this.#options.memory, acked);
    return Object.assign(this.#streamOf(log, this.#front), { ended: true, left: true as const });
  }

  /** The stream in front is delivered: remove it. Returns the one after it, or undefined when this was the last. */
  next(): Stream | undefined {
    this.#writeHint();
    if (this.#front === this.window) {
      this.#writer.close();
      this.#log.clear();
      return undefined;
    }
    this.#left.shift()?.clear();
    this.onChange();
    const nothing = this.#left.length === 0 && this.stream.ended && this.window.tail === 0;
    return nothing ? undefined : this.first();
  }

  /** Resolves when everything written before is on the disk, or is known not to be. */
  sync(): Promise<void> {
    return (this.#syncing = this.#syncing.then(() => this.#sync()));
  }

  async #sync(): Promise<void> {
    if (this.window.unsafe) return;
    try {
      await this.#writer.sync();
    } catch (err) {
      this.window.broken(err);
    }
  }

  async settle(): Promise<void> {
    if (this.#options.sync !== 'always') return;
    this.window.seal();
    await this.sync();
  }

  async secure(): Promise<void> {
    this.window.seal();
    await this.sync();
  }

  async close(): Promise<Rest> {
    for (const timer of this.#timers) clearInterval(timer);
    this.window.finish();
    await this.sync();
    this.#writeHint();
    this.#writer.close();
    await this.#unlock();
    const lost = this.window.exposed;
    const kept = this.undelivered - lost.bytes;
    if (!this.window.unsafe) return { lost, kept };
    return { lost: { lines: lost.lines, bytes: lost.bytes + kept }, kept: 0 };
  }

  /** Bytes that are not acknowledged; of streams that are not asked for yet, bytes of files. */
  get undelivered(): number {
    const front = this.#front;
    const unacked = ({ tail, acked }: LeftWindow): number => Math.max(0, tail - acked);
    let bytes = unacked(this.window);
    for (const log of this.#left) bytes += log === front?.log ? unacked(front) : log.bytes;
    return bytes;
  }

  counters(): Counters {
    return { 'unacked bytes': this.undelivered, 'spooled bytes': this.bytes, 'earlier streams': this.#left.length };
  }

  #dropOldest(): boolean {
    for (const log of [...this.#left, this.#log]) {
      const window = log === this.#front?.log ? this.#front : log === this.#log ? this.window : undefined;
      const { epoch, acked } = this.#hint;
      const done = window?.acked ?? (epoch === log.epoch ? acked : 0);
      const range = log.giveUp(window?.sent ?? 0, done, log === this.#log ? this.#writer.active : undefined);
      if (!range) continue;
      window?.forget(range.from);
      return true;
    }
    return false;
  }

  /** A wrong note would cost lines, so it has a checksum; one that is old or missing costs that some are sent twice, and told apart. */
  #readHint(): Hint {
    try {
      const text = this.#disk.read(HINT, 256).toString('latin1');
      const [, fact = '', epoch = '', acked, from = 0, crc] = /^(([0-9a-f]{32}) (\d{1,16})(?: (\d{1,16}))?) ([0-9a-f]{8})\n$/.exec(text) ?? [];
      if (crc === checksum(fact)) return { epoch, acked: Number(acked), from: Number(from) };
    } catch {
      // there is none
    }
    return { epoch: '', acked: 0, from: 0 };
  }

  #writeHint(): void {
    const front = this.#front;
    if (!front || (front.log.epoch === this.#hint.epoch && front.acked === this.#hint.acked)) return;
    this.#note({ epoch: front.log.epoch, acked: front.acked, from: front.log.from });
  }

  #note(hint: Hint): void {
    const { epoch, acked, from } = hint;
    const fact = `${epoch} ${acked}${from > 0 ? ` ${from}` : ''}`;
    try {
      put(this.#disk, HINT + NEW, Buffer.from(`${fact} ${checksum(fact)}\n`));
      this.#disk.rename(HINT + NEW, HINT);
      this.#hint = hint;
    } catch {
      // it is only a hint, and what is wrong with the disk is told when lines cannot be written
    }
  }

  /** A stream whose epoch is the one in the names of its files. */
  #streamOf(log: SpoolLog, window: LeftWindow): Stream {
    const note = (epoch: string): void => this.#note({ epoch, acked: window.acked, from: log.from });
    return {
      window,
      get epoch() {
        return log.epoch;
      },
      set epoch(epoch) {
        note(epoch); // first: files under a name of which it is not known where it begins would come twice
        log.rename(epoch);
      },
      get from() {
        return log.from;
      },
      set from(from) {
        log.from = from;
      },
      ended: false,
      refused: { lines: 0, earlier: 0, reason: '' },
    };
  }
}

function checksum(text: string): string {
  return crc32(Buffer.from(text)).toString(16).padStart(8, '0');
}
