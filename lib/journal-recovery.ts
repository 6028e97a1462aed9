/** What a journal holds when a process begins with it: how far every stream is, where to go on writing, and what is damaged. */
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { segmentName, segmentNumber, type Opening } from './journal-format.ts';
import { SegmentScan } from './journal-scan.ts';
import type { Standings } from './standings.ts';

/** Files that are not finished: left over where a process was ended, and of no use. */
export const UNFINISHED = '.new';
/** What was cut off a segment is kept under its name with this behind it. */
export const CUT = '.cut';

/** Bytes of a segment that are not as they were written. */
export type Damage = { segment: number; from: number; to: number; reason: string };

/** A segment's file: its length, and when it was last changed (ms since the epoch). */
export type SegmentFile = { segment: number; size: number; changed: number };

export type Recovered = {
  /** Those there are, oldest first. */
  segments: SegmentFile[];
  /** The last segment, where it can be written on. */
  tail: { segment: number; mark: string; length: number; opened: number } | undefined;
  damage: Damage[];
  /** The end of the last segment that was no whole group, and was cut off. */
  cut: Damage | undefined;
};

/** What reading one segment has brought. `torn` is where its last bytes are no group, and none comes behind them. */
type Reading = { opening: Opening | undefined; mark: string; torn: { at: number; reason: string } | undefined };

/**
 * Read the last segment, and those before it as far as they are needed, into `standings`. Cuts what is not whole at the end of the last
 * segment, unless there is damage in it: then nothing in it is touched. Rejects with the system's errors.
 */
export async function recover(disk: Disk, folder: string, standings: Standings): Promise<Recovered> {
  const names = await disk.list(folder);
  for (const name of names) if (name.endsWith(UNFINISHED)) await disk.remove(join(folder, name));
  const numbers = names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b);
  const segments: SegmentFile[] = [];
  for (const segment of numbers) segments.push({ segment, ...(await disk.about(join(folder, segmentName(segment)))) });
  const found: Recovered = { segments, tail: undefined, damage: missing(numbers), cut: undefined };
  const last = segments.at(-1);
  if (!last) return found;
  const openings: Reading[] = [];
  for (const { segment } of [...segments].reverse()) {
    const file = await disk.open(join(folder, segmentName(segment)), 'read');
    const scan = new SegmentScan(file);
    const opening = await scan.open().finally(() => file.close());
    openings.unshift({ opening: typeof opening === 'string' ? undefined : opening, mark: scan.mark, torn: undefined });
    if (typeof opening !== 'string') break; // it knows of all that was before it
  }
  for (const { segment, size } of segments.slice(-openings.length)) {
    const file = await disk.open(join(folder, segmentName(segment)), segment === last.segment ? 'write' : 'read');
    try {
      const reading = await readSegment(file, segment, size, standings, found.damage);
      if (reading.opening?.before !== undefined) checkLength(segments, segment, reading.opening.before, found.damage);
      if (segment !== last.segment) {
        if (reading.torn) found.damage.push({ segment, from: reading.torn.at, to: size, reason: reading.torn.reason });
      } else await end(disk, folder, file, last, reading, found);
    } finally {
      await file.close();
    }
  }
  return found;
}

function missing(numbers: number[]): Damage[] {
  return numbers.flatMap((n, i) => {
    const before = numbers[i - 1];
    if (before === undefined || before === n - 1) return [];
    const reason = n - before === 2 ? 'it is missing' : `it is missing, and so are those up to ${segmentName(n - 1)}`;
    return [{ segment: before + 1, from: 0, to: 0, reason }];
  });
}

function checkLength(segments: SegmentFile[], segment: number, length: number, damage: Damage[]): void {
  const before = segments.find((s) => s.segment === segment - 1);
  if (!before || before.size === length) return;
  const [from, to] = before.size < length ? [before.size, length] : [length, before.size];
  damage.push({ segment: before.segment, from, to, reason: `it was ${length} bytes long and now is ${before.size}` });
}

async function readSegment(file: DiskFile, segment: number, size: number, standings: Standings, damage: Damage[]): Promise<Reading> {
  const scan = new SegmentScan(file);
  const opening = await scan.open();
  if (typeof opening === 'string' || opening.segment !== segment) {
    const reason = typeof opening === 'string' ? opening : `its first line is that of ${segmentName(opening.segment)}`;
    damage.push({ segment, from: 0, to: size, reason });
    if (scan.mark === '') return { opening: undefined, mark: '', torn: undefined };
    scan.at = (await scan.find(0)) ?? size; // the groups may be good all the same
  }
  for (;;) {
    const step = await scan.next();
    if (step.is === 'group') {
      for (const { standing, used } of step.head.streams) standings.put(standing, used);
      continue;
    }
    const reading: Reading = { opening: typeof opening === 'string' ? undefined : opening, mark: scan.mark, torn: undefined };
    if (step.is === 'end') return reading;
    const reason = step.is === 'bad' ? step.reason : 'a group that is not whole';
    const from = scan.at;
    const next = await scan.find(from);
    if (next === undefined) return { ...reading, torn: { at: from, reason } };
    damage.push({ segment, from, to: next, reason });
    scan.at = next;
  }
}

/** The last segment: cut off what is not whole, and go on behind it; where it is damaged, leave it to be looked at. */
async function end(
  disk: Disk, folder: string, file: DiskFile, { segment, size }: SegmentFile, { opening, mark, torn }: Reading, found: Recovered,
): Promise<void> {
  const damaged = found.damage.some((damage) => damage.segment === segment);
  const rest = torn && { segment, from: torn.at, to: size, reason: torn.reason };
  if (damaged || !opening) {
    if (rest) found.damage.push(rest);
    return;
  }
  if (rest) {
    await keep(disk, join(folder, segmentName(segment) + CUT), file, rest).catch(() => {}); // as on a full disk: nobody was promised it
    await file.truncate(rest.from);
    await file.sync();
    found.cut = rest;
    const last = found.segments.at(-1);
    if (last) last.size = rest.from;
  }
  found.tail = { segment, mark, length: torn?.at ?? size, opened: opening.ts };
}

async function keep(disk: Disk, path: string, file: DiskFile, { from, to }: Damage): Promise<void> {
  const copy = await disk.open(path, 'new');
  try {
    const piece = Buffer.allocUnsafe(1_048_576);
    for (let at = from; at < to; ) {
      const got = await file.read(piece.subarray(0, Math.min(piece.length, to - at)), at);
      if (got === 0) break;
      await copy.write([piece.subarray(0, got)], at - from);
      at += got;
    }
    await copy.sync();
  } finally {
    await copy.close();
  }
}
