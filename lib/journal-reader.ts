/** Reads the lines of a journal from a position on, segment after segment, and goes on live where the writer does. */
import { join } from 'node:path';
import { why } from './cli.ts';
import type { Disk, DiskFile } from './disk.ts';
import { segmentName, segmentNumber, type Position } from './journal-format.ts';
import type { Damage } from './journal-recovery.ts';
import { SegmentScan, type Step } from './journal-scan.ts';

/** Lines of one group, those behind `from`, and where the next group begins; or bytes that had to be passed over. */
export type Reading = { is: 'lines'; from: Position; lines: Buffer; next: Position } | { is: 'damage'; damage: Damage; next: Position };

export class JournalReader {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #limit: (() => Position) | undefined;
  #position: Position;
  #open: { file: DiskFile; scan: SegmentScan } | undefined;
  #finished = false; // there is a later segment: nothing is added to this one any more

  /** Begins at `position`. `limit` says how far there are lines, where that is known; else all that is whole in the files is read. */
  constructor(disk: Disk, folder: string, position: Position, limit?: () => Position) {
    this.#disk = disk;
    this.#folder = folder;
    this.#position = position;
    this.#limit = limit;
  }

  /** Where it goes on. */
  get position(): Position {
    return this.#position;
  }

  /** The next lines, or undefined when there are none for now. Rejects with the system's errors. */
  async read(): Promise<Reading | undefined> {
    for (;;) {
      const { segment, at } = this.#position;
      const limit = this.#limit?.();
      if (limit && (segment > limit.segment || (segment === limit.segment && at >= limit.at))) return undefined;
      if (!this.#open) {
        const damage = await this.#enter();
        if (damage) return this.#passed(damage);
        if (!this.#open) return undefined;
        continue; // behind its first line there may be nothing up to the limit
      }
      const step: Step = await this.#open.scan.next();
      if (step.is === 'group') {
        const from = this.#position;
        this.#position = { segment, at: step.end, done: 0 };
        const lines = step.lines.subarray(from.done);
        if (lines.length > 0) return { is: 'lines', from, lines, next: this.#position };
        continue;
      }
      const later = await this.#following(limit);
      if (later !== undefined && !this.#finished) {
        this.#finished = true; // once more to its end: something may have come before the later one was begun
        continue;
      }
      if (step.is === 'end' && later !== undefined) {
        await this.#leave(); // also when the next one is missing: that has to be told
        continue;
      }
      if (step.is === 'end' && !limit) return undefined;
      const reason = step.is === 'bad' ? step.reason : step.is === 'end' ? 'it is shorter than it was' : 'a group that is not whole';
      const next = await this.#open.scan.find(this.#position.at);
      if (next === undefined && later === undefined && !limit) return undefined; // perhaps only not written yet
      return this.#passed(await this.#passTo(next, reason, later, limit));
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#finished = false;
    await open?.file.close();
  }

  #passed(damage: Damage): Reading {
    return { is: 'damage', damage, next: this.#position };
  }

  /** Open the segment of the position, or the next one there is when it is gone. Resolves with what is wrong. */
  async #enter(): Promise<Damage | undefined> {
    const { segment, at } = this.#position;
    let file: DiskFile;
    try {
      file = await this.#disk.open(join(this.#folder, segmentName(segment)), 'read');
    } catch (err) {
      if (why(err) !== 'ENOENT') throw err;
      const limit = this.#limit?.();
      const later = await this.#following(limit);
      if (later === undefined && !limit) return undefined;
      this.#position = later === undefined && limit ? limit : { segment: later ?? segment, at: 0, done: 0 };
      return { segment, from: at, to: at, reason: 'it is missing' };
    }
    const scan = new SegmentScan(file);
    this.#open = { file, scan };
    const opening = await scan.open();
    if (at > 0) scan.at = at;
    else this.#position = { segment, at: scan.at, done: 0 };
    if (typeof opening !== 'string' || (at > 0 && scan.mark !== '')) return undefined;
    const groups = scan.mark === '' ? undefined : await scan.find(at);
    const limit = this.#limit?.();
    return this.#passTo(groups, opening, await this.#following(limit), limit);
  }

  /** Go on at byte `next` of this segment, or where there is nothing good in it, in the next one or at the limit. */
  async #passTo(next: number | undefined, reason: string, later: number | undefined, limit: Position | undefined): Promise<Damage> {
    const { segment, at: from } = this.#position;
    const open = this.#open;
    const to = next ?? (await open?.file.size()) ?? from;
    if (next === undefined && later !== undefined) await this.#leave();
    else if (next === undefined && limit) {
      await this.close();
      this.#position = limit;
    } else {
      this.#position = { segment, at: to, done: 0 };
      if (open) open.scan.at = to;
    }
    return { segment, from, to, reason };
  }

  /** Go on in the next segment. */
  async #leave(): Promise<void> {
    await this.close();
    this.#position = { segment: this.#position.segment + 1, at: 0, done: 0 };
  }

  /** The number of the next segment there is. */
  async #following(limit: Position | undefined): Promise<number | undefined> {
    const { segment } = this.#position;
    if (limit && limit.segment <= segment) return undefined;
    const names = await this.#disk.list(this.#folder);
    const later = names.flatMap((name) => segmentNumber(name) ?? []).filter((n) => n > segment);
    return later.length > 0 ? Math.min(...later) : undefined;
  }
}
