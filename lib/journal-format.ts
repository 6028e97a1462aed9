/** lm-journal(5) without I/O: the names of a journal's files, its control lines, and positions in it. */
import { crc32 } from './crc.ts';
import { parseObject, wholeOf } from './json.ts';
import { readStanding, standingJson, type Kept } from './standings.ts';

/** The version of the format, as the first line of a segment says it. */
export const FORMAT = 1;

/** The longest control line, its newline included: no line of a segment is longer than a record may be. */
export const MAX_CONTROL_LINE = 1_048_576;

/** Bytes of lines that a group holds at most. */
export const MAX_GROUP = 8_388_608;

/** Streams that a control line tells of at most, so that it stays below its limit whatever their senders are called. */
export const MAX_STREAMS = 256;

const DIGITS = 12;
const CRC_LENGTH = 8;
const LF = 10;

/** `000000000012.ndjson`: in the order of their names, segments are in the order of time. */
export function segmentName(n: number): string {
  return `${String(n).padStart(DIGITS, '0')}.ndjson`;
}

/** The number of a segment by its name, or undefined for another file. */
export function segmentNumber(name: string): number | undefined {
  return /^\d{12}\.ndjson$/.test(name) ? Number(name.slice(0, DIGITS)) : undefined;
}

/** A place between two lines: byte `at` of a segment, where a group begins, and `done` bytes of the group's lines. */
export type Position = { readonly segment: number; readonly at: number; readonly done: number };

/** Below 0 when `a` is before `b`, 0 when they are the same. */
export function comparePositions(a: Position, b: Position): number {
  return a.segment - b.segment || a.at - b.at || a.done - b.done;
}

/** What the control line of a group says: `bytes` bytes of lines follow it, and with them these streams stand so. */
export type Group = { at: number; bytes: number; ts: number; streams: Kept[] };

/** What the first line of a segment says: which it is, and how long the one before it was (undefined: there was none). */
export type Opening = { at: 0; bytes: 0; segment: number; ts: number; before: number | undefined };

/** `mark` is the segment's random word: control lines carry it, and nobody who sends lines can know it. */
function begin(kind: 'segment' | 'group', mark: string): string {
  return `{"@":"${kind}","mark":"${mark}","crc":"`;
}

function seal(kind: 'segment' | 'group', mark: string, body: object, lines: readonly Uint8Array[]): Buffer {
  const start = begin(kind, mark);
  const line = Buffer.from(`${start}${'0'.repeat(CRC_LENGTH)}",${JSON.stringify(body).slice(1)}\n`);
  let crc = crc32(line.subarray(start.length + CRC_LENGTH));
  for (const bytes of lines) crc = crc32(bytes, crc);
  line.write(hex(crc), start.length, 'latin1');
  return line;
}

function hex(crc: number): string {
  return crc.toString(16).padStart(CRC_LENGTH, '0');
}

/** The first line of a segment. */
export function openingLine(mark: string, { segment, ts, before }: Opening): Buffer {
  return seal('segment', mark, { at: 0, bytes: 0, v: FORMAT, segment, ts, before }, []);
}

/** The control line that goes before `payload`, the lines of the group. */
export function groupLine(mark: string, group: Omit<Group, 'bytes'>, payload: readonly Uint8Array[]): Buffer {
  const { at, ts } = group;
  const bytes = payload.reduce((sum, { length }) => sum + length, 0);
  const streams = group.streams.map((kept) => standingJson(kept, ts));
  return seal('group', mark, { at, bytes, ts, ...(streams.length > 0 && { streams }) }, payload);
}

/** The mark that the first bytes of a segment show, or undefined when they are no opening. */
export function markOf(bytes: Buffer): string | undefined {
  return /^\{"@":"segment","mark":"([A-Za-z0-9_-]{16})","crc":"/.exec(bytes.toString('latin1', 0, 64))?.[1];
}

/** What stands at a place of a segment: something whole, the beginning of something, or bytes that are no such thing. */
export type Seen<T> = { is: 'whole'; head: T; body: number; end: number } | { is: 'short'; need: number } | { is: 'bad'; reason: string };

/**
 * Read what stands at `bytes[from...]`, which is byte `at` of the segment. With `short`, `need` bytes from there would tell more.
 * `body` and `end` are indices into `bytes`.
 */
export function seeGroup(bytes: Buffer, from: number, at: number, mark: string): Seen<Group> {
  return see(bytes, from, at, begin('group', mark), (o) => {
    const ts = wholeOf(o, 'ts');
    const streams = o['streams'] ?? [];
    if (!Array.isArray(streams)) throw new Error('bad streams');
    return { at, bytes: wholeOf(o, 'bytes'), ts, streams: streams.map((s: unknown) => readStanding(s, ts)) };
  });
}

/** The same for the opening of a segment. */
export function seeOpening(bytes: Buffer, mark: string): Seen<Opening> {
  return see(bytes, 0, 0, begin('segment', mark), (o) => {
    if (o['v'] !== FORMAT) throw new Error(`version ${String(o['v'])} of the format is not known`);
    const before = o['before'] === undefined ? undefined : wholeOf(o, 'before');
    return { at: 0, bytes: 0, segment: wholeOf(o, 'segment', 1), ts: wholeOf(o, 'ts'), before };
  });
}

function see<T extends { bytes: number }>(
  bytes: Buffer, from: number, at: number, start: string, read: (object: Record<string, unknown>) => T,
): Seen<T> {
  const there = Math.min(bytes.length - from, start.length);
  if (bytes.toString('latin1', from, from + there) !== start.slice(0, there)) return { is: 'bad', reason: 'no control line' };
  const newline = bytes.indexOf(LF, from);
  if (newline < 0 || newline - from >= MAX_CONTROL_LINE) {
    const length = bytes.length - from;
    return length >= MAX_CONTROL_LINE ? { is: 'bad', reason: 'a control line without end' } : { is: 'short', need: MAX_CONTROL_LINE };
  }
  const body = newline + 1;
  let head: T;
  try {
    const object = parseObject(bytes.subarray(from, newline));
    if (object['at'] !== at) throw new Error('it belongs elsewhere');
    const length = wholeOf(object, 'bytes');
    if (length > MAX_GROUP) throw new Error('a group too long');
    if (body + length > bytes.length) return { is: 'short', need: body - from + length };
    const crc = from + start.length;
    const sum = hex(crc32(bytes.subarray(crc + CRC_LENGTH, body + length)));
    if (bytes.toString('latin1', crc, crc + CRC_LENGTH) !== sum) throw new Error('wrong checksum');
    head = read(object);
  } catch (err) {
    return { is: 'bad', reason: err instanceof Error ? err.message : String(err) };
  }
  return { is: 'whole', head, body, end: body + head.bytes };
}

/** Where a control line of this segment may begin next in `bytes`, from index `from` on: behind a newline; -1 when nowhere. */
export function nextGroup(bytes: Buffer, from: number, mark: string): number {
  const at = bytes.indexOf(`\n${begin('group', mark)}`, from, 'latin1');
  return at < 0 ? -1 : at + 1;
}
