/** Brings lines into the one form that the feed carries: valid records with their keys in order, anything else as `unframed`. */
import { unescape } from './record.ts';
import type { RecordReader } from './record.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Bytes of a line that was no record, in one entry: six times as many, all escaped, still stay below 1 MiB. */
const PIECE = 160 * 1024;

const isSpace = (c: number | undefined): boolean => c === 0x20 || c === 0x09 || c === 0x0d;

function skipSpace(bytes: Uint8Array, at: number): number {
  while (isSpace(bytes[at])) at++;
  return at;
}

/** Behind the JSON string that begins at `at`. */
function skipString(bytes: Uint8Array, at: number): number {
  for (at++; bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
  return at + 1;
}

/** Behind the JSON value that begins at `at`. */
function skipValue(bytes: Uint8Array, at: number): number {
  for (let depth = 0; ; ) {
    const c = bytes[at];
    if (c === QUOTE) at = skipString(bytes, at);
    else if (depth === 0 && (c === 0x2c || c === 0x7d || isSpace(c))) return at;
    else {
      if (c === 0x7b || c === 0x5b) depth++;
      else if (c === 0x7d || c === 0x5d) depth--;
      at++;
    }
    if (depth === 0 && (isSpace(bytes[at]) || bytes[at] === 0x2c || bytes[at] === 0x7d)) return at;
  }
}

/** The keys of a record besides those that `reader` understood, each as `,"key":value` in its own bytes. */
function otherKeys(reader: RecordReader, bytes: Uint8Array, start: number): Uint8Array[] {
  const known = new Set(reader.run === '' ? ['id', 'ts', 'msg'] : ['id', 'run', 'n', 'ts', 'msg']);
  const others: Uint8Array[] = [];
  let at = skipSpace(bytes, skipSpace(bytes, start) + 1);
  while (bytes[at] === QUOTE) {
    const keyAt = at;
    const keyEnd = skipString(bytes, at);
    const valueAt = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
    const valueEnd = skipValue(bytes, valueAt);
    if (!known.has(unescape(bytes, keyAt + 1, keyEnd - 1))) {
      others.push(COMMA, bytes.subarray(keyAt, keyEnd), COLON, bytes.subarray(valueAt, valueEnd));
    }
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === 0x2c) at = skipSpace(bytes, at + 1);
  }
  return others;
}

const COMMA = Buffer.from(',');
const COLON = Buffer.from(':');
const TAIL = Buffer.from('}\n');

/** A line of the feed, and where the inside of its msg begins and ends. */
export type Line = { bytes: Buffer; from: number; to: number };

function put(head: string, msg: Uint8Array, rest: Uint8Array[]): Line {
  const front = Buffer.from(`${head}"msg":"`);
  return { bytes: Buffer.concat([front, msg, Buffer.from('"'), ...rest, TAIL]), from: front.length, to: front.length + msg.length };
}

/**
 * The record that `reader` has just read at bytes[start, end), a line with an id: in lm-frame's order and without spaces, `ts` being
 * `now` if it has none, other keys behind msg as they were.
 */
export function canonical(reader: RecordReader, bytes: Uint8Array, start: number, now: number): Line {
  const numbered = reader.run === '' ? '' : `"run":${JSON.stringify(reader.run)},"n":${reader.n},`;
  const ts = Number.isNaN(reader.ts) ? now : reader.ts;
  const msg = bytes.subarray(reader.msgStart, reader.msgEnd);
  return put(`{"id":"${reader.id}",${numbered}"ts":${ts},`, msg, otherKeys(reader, bytes, start));
}

/** The record without an id that `reader` has just read, if there is nothing more in it than a message: that is its text then. */
export function bareMessage(reader: RecordReader, bytes: Uint8Array, start: number, now: number): Line | undefined {
  if (otherKeys(reader, bytes, start).length > 0) return undefined;
  const ts = Number.isNaN(reader.ts) ? now : reader.ts;
  return put(`{"id":"unframed","ts":${ts},`, bytes.subarray(reader.msgStart, reader.msgEnd), [Buffer.from(',"bad":"no id"')]);
}

/** Where to cut at most `max` bytes off: never inside a UTF-8 sequence. */
function cutAt(bytes: Uint8Array, start: number, end: number): number {
  let cut = start + PIECE;
  if (cut >= end) return end;
  for (let back = 0; back < 3 && ((bytes[cut] as number) & 0xc0) === 0x80; back++) cut--;
  return cut;
}

/** A line that was no record, with the reason: its text kept, what is not UTF-8 as U+FFFD, in pieces if it is long. */
export function unframed(bytes: Uint8Array, start: number, end: number, bad: string, now: number): Line[] {
  const lines: Line[] = [];
  for (let at = start; ; ) {
    const cut = cutAt(bytes, at, end);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, cut - at).toString();
    const msg = Buffer.from(JSON.stringify(text)).subarray(1, -1);
    lines.push(put(`{"id":"unframed","ts":${now},`, msg, [Buffer.from(`${cut < end ? ',"more":true' : ''},"bad":${JSON.stringify(bad)}`)]));
    if (cut === end) return lines;
    at = cut;
  }
}
