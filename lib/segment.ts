/** The files of a spool: what their names say, and the frames that can be read out of their bytes, also of damaged ones. */
import type { Held } from './backlog.ts';
import { crc32 } from './crc.ts';
import { lossFrame, readLoss } from './messages.ts';
import { HEADER, MAX_PAYLOAD, offsetOf, TYPE } from './wire.ts';

/** Bytes after which a new file is begun; one frame more may be in it. */
export const SEGMENT_SIZE = 4_194_304;

/** A file of a spool longer than this was not written by a sender; what is behind is not read. */
export const SEGMENT_MAX = SEGMENT_SIZE + HEADER + MAX_PAYLOAD;

const MAX_TRIES = 1000; // checksums computed in search of the next frame behind damage: lines can be made to look like frames
const NAME = /^(\d{8})-([0-9a-f]{32})-(\d{16})\.frames$/;
const DATA_START = Buffer.from([0x4c, TYPE.data, 0, 0]);

/** `order` counts the processes that wrote into the spool, `base` is the offset of the first byte. */
export type SegmentName = { order: number; epoch: string; base: number };

/** ORDER-EPOCH-BASE.frames: sorted by name, files are in the order in which they were written. */
export function segmentName({ order, epoch, base }: SegmentName): string {
  return `${String(order).padStart(8, '0')}-${epoch}-${String(base).padStart(16, '0')}.frames`;
}

export function parseSegmentName(name: string): SegmentName | undefined {
  const [, order, epoch, base] = NAME.exec(name) ?? [];
  if (epoch === undefined || !Number.isSafeInteger(Number(base))) return undefined;
  return { order: Number(order), epoch, base: Number(base) };
}

/**
 * What is in a file. `frames` follow one another without gap from the file's base on: where bytes are damaged a LOSS stands in their place.
 * `damaged` counts the bytes of the stream so lost, `torn` those of the file behind the last frame, in the last file of an epoch.
 */
export type Segment = { frames: Held[]; end: number; damaged: number; torn: number };

/**
 * Read the bytes of a file that begins at offset `base`. With `next`, the offset at which the file after it begins, the frames reach up to
 * there; without, this is the last file, and a frame that was not written to its end is cut off.
 */
export function readSegment(bytes: Buffer, base: number, next?: number): Segment {
  const found: Segment = { frames: [], end: base, damaged: 0, torn: 0 };
  const limit = next ?? Number.MAX_SAFE_INTEGER;
  let at = 0;
  for (let tries = { left: MAX_TRIES }; at < bytes.length; ) {
    const frame = frameAt(bytes, at, base, found.end, limit);
    if (frame) {
      if (frame.offset > found.end) lose(found, frame.offset, 0);
      found.frames.push(frame);
      found.end = frame.end;
      at += frame.bytes.length;
      continue;
    }
    const to = resume(bytes, at, base, found.end, limit, tries);
    if (to === undefined) break;
    const begins = offsetOf(bytes, to + 8);
    lose(found, begins, claimedLines(bytes, at, found.end, begins));
    at = to;
  }
  if (next !== undefined) lose(found, next, claimedLines(bytes, at, found.end, next));
  else if (at < bytes.length) cutTail(bytes, at, found);
  return found;
}

/** The bytes up to `to` are lost. */
function lose(found: Segment, to: number, lines: number): void {
  const from = found.end;
  if (to <= from) return;
  const bytes = lossFrame({ from, to, lines, reason: 'damaged or missing in the spool of the sender' });
  found.frames.push({ bytes, offset: from, end: to, lines, loss: true });
  found.damaged += to - from;
  found.end = to;
}

/** A last frame that has its whole length was written, and is damaged: it is counted. One that has not is what a crash leaves. */
function cutTail(bytes: Buffer, at: number, found: Segment): void {
  const length = claimedLength(bytes, at, found.end);
  if (length !== undefined && at + HEADER + length === bytes.length) {
    lose(found, found.end + length, claimedLines(bytes, at, found.end, found.end + length));
  } else found.torn = bytes.length - at;
}

/** The frame whose header stands at `at`, if all of it is there and whole, and it begins at `expected` or, behind damage, later. */
function frameAt(bytes: Buffer, at: number, base: number, expected: number, limit: number): Held | undefined {
  if (at + HEADER > bytes.length || bytes[at] !== 0x4c || bytes.readUInt16BE(at + 2) !== 0) return undefined;
  const type = bytes[at + 1];
  const length = bytes.readUInt32BE(at + 4);
  const offset = offsetOf(bytes, at + 8);
  const whole = bytes.subarray(at, at + HEADER + length);
  if (length === 0 || length > MAX_PAYLOAD || whole.length < HEADER + length) return undefined;
  // No offset can be further from the first than the file is long; a LOSS has a file of its own.
  if (offset < expected || offset + length > limit || offset - base > at) return undefined;
  if (type !== TYPE.data && !(type === TYPE.loss && at === 0)) return undefined;
  const crc = crc32(whole.subarray(HEADER));
  if (crc32(whole.subarray(0, HEADER - 4), crc) !== whole.readUInt32BE(HEADER - 4)) return undefined;
  const lines = whole.readUInt32BE(16);
  if (type === TYPE.data) return { bytes: whole, offset, end: offset + length, lines, loss: false };
  const loss = readLoss({ type, offset, lines, payload: whole.subarray(HEADER), crc });
  return { bytes: whole, offset, end: loss.to, lines: loss.lines, loss: true };
}

/** Where the first whole frame behind the damage at `at` begins: where the damaged frame says it ends, or anywhere. */
function resume(bytes: Buffer, at: number, base: number, expected: number, limit: number, tries: { left: number }): number | undefined {
  const length = claimedLength(bytes, at, expected);
  const fits = (to: number): boolean => to + HEADER <= bytes.length && frameAt(bytes, to, base, expected, limit) !== undefined;
  if (length !== undefined && fits(at + HEADER + length)) return at + HEADER + length;
  for (let to = bytes.indexOf(DATA_START, at + 1); to >= 0 && tries.left > 0; to = bytes.indexOf(DATA_START, to + 1)) {
    tries.left--;
    if (fits(to)) return to;
  }
  return undefined;
}

/** The length of the payload as the header at `at` has it, where the rest of the header is right. */
function claimedLength(bytes: Buffer, at: number, expected: number): number | undefined {
  if (at + HEADER > bytes.length || !bytes.subarray(at, at + 4).equals(DATA_START)) return undefined;
  const length = bytes.readUInt32BE(at + 4);
  return length > 0 && length <= MAX_PAYLOAD && offsetOf(bytes, at + 8) === expected ? length : undefined;
}

/** The lines of the damaged frame at `at`, as its header has them, where it fills the damage from `from` to `to`; 0 for not known. */
function claimedLines(bytes: Buffer, at: number, from: number, to: number): number {
  const length = claimedLength(bytes, at, from);
  return length !== undefined && from + length === to ? Math.min(bytes.readUInt32BE(at + 16), length) : 0;
}
