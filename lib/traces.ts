/** Lines that programs write in one go with the line before them: of stack traces, and of all that is indented. */
import { beginsWith, isDigit, isLetter, openings } from './ascii.ts';

const [TAB, CR, SPACE, HASH, DOT, SLASH, COLON] = [9, 13, 32, 35, 46, 47, 58];

const endsWith = (bytes: Uint8Array, start: number, end: number, text: string): boolean =>
  end - start >= text.length && beginsWith(bytes, end - text.length, end, text);

/** How far a line is indented. */
export function indentOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at - start;
}

/** Whether nothing is left of a line. */
export const isBlank = (bytes: Uint8Array, at: number, end: number): boolean => at === end || (at + 1 === end && bytes[at] === CR);

// In a trace: these say so by themselves, the others only where something is wrong. #011 is how rsyslog writes a tab at the beginning.
const PARTS = [
  '#011', 'Caused by:', '... ', 'Wrapped by: ', 'Suppressed: ', 'Stack trace:', 'stack backtrace:', '[stacktrace]', '[previous exception]',
  ...Array.from('123456789', (digit) => `goroutine ${digit}`),
];
const ENDS = ['[signal ', 'created by ', 'exit status ', 'note: run with `RUST', 'note: Some details', '** ('];

/** Whether a line begins with one of the texts. */
const openingOf = (texts: string[]): ReturnType<typeof openings<boolean>> => openings(texts.map((text) => [text, true] as const), false);

/** Whether a line that is not indented is part of a trace by what it begins with. */
export const isPart = openingOf(PARTS);
const isEnd = openingOf(ENDS);

/** What systemd writes as it boots is indented like its neighbours, and stands for itself. */
const isUnit = openingOf(['Starting ', 'Stopping ', 'Mounting ', 'Unmounting ', 'Activating ']);
export const standsAlone = (bytes: Uint8Array, start: number, end: number, indent: number): boolean =>
  indent === 9 && isUnit(bytes, start + 9, end);

const MAX_NAME = 200;
const isBracketed = openingOf([' (', ' [']);

/**
 * Whether a line begins with the name of what was thrown, as `TypeError: x`, `java.lang.OutOfMemoryError` and `NoMethodError (x)` do; with
 * `full` only one with dots.
 */
export function isThrown(bytes: Uint8Array, start: number, end: number, full = false): boolean {
  if (!isLetter(bytes[start] as number)) return false;
  let at = start;
  let dot = !full;
  for (; at < end && at - start < MAX_NAME && bytes[at] !== SPACE && bytes[at] !== SLASH && bytes[at] !== 0x3d && bytes[at] !== 0x28; at++) {
    if (bytes[at] === DOT) dot = true;
  }
  if (!dot) return false;
  const colon = at < end && bytes[at - 1] === COLON;
  if (!colon && at < end && !isBracketed(bytes, at, end)) return false;
  const last = colon || bytes[at - 1] === CR ? at - 1 : at;
  return endsWith(bytes, start, last, 'Error') || endsWith(bytes, start, last, 'Exception');
}

/** Whether a line begins a trace of Python's, which ends with a line that is not indented. */
export const opensTraceback = (bytes: Uint8Array, start: number, end: number): boolean => beginsWith(bytes, start, end, 'Traceback (');

/** Whether a line is a dotted name, alone or with a colon behind: what Python ends a trace with. */
export function isNamed(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (isLetter(bytes[at] as number) || isDigit(bytes[at] as number) || bytes[at] === DOT || bytes[at] === 0x5f)) at++;
  return at > start && (at === end || bytes[at] === COLON || bytes[at] === CR);
}

/** Between two traces of Python's of which one led to the other. */
export const joinsTracebacks = (bytes: Uint8Array, start: number, end: number): boolean =>
  beginsWith(bytes, start, end, 'During handling of ') || beginsWith(bytes, start, end, 'The above exception ');

/** Whether the message of a panic of Rust's stands on the next line. */
export function opensPanic(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[end - 1] === COLON && panicked(bytes, start, end);
}

/** Whether a line tells of a panic of Rust's. */
export function panicked(bytes: Uint8Array, start: number, end: number): boolean {
  if (!beginsWith(bytes, start, end, "thread '")) return false;
  const stop = Math.min(end, start + 120);
  for (let at = start + 8; at < stop; at++) if (bytes[at] === SPACE && beginsWith(bytes, at, end, ' panicked at ')) return true;
  return false;
}

/** Whether a line that is not indented belongs to a trace above it: `#0 /x.php(3): f()`, `/x.rb:3:in 'f'`, `4 | code`, `}`. */
export function isFrame(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] as number;
  let at = first === HASH ? start + 1 : start;
  while (at < end && isDigit(bytes[at] as number)) at++;
  if (at > start) return first === HASH ? at > start + 1 && isPlace(bytes, at, end) : beginsWith(bytes, at, end, ' |');
  if (CLOSING[first] === 1) return closes(bytes, start, end);
  if (isEnd(bytes, start, end)) return true;
  if (!isLetter(first) && first !== SLASH) return false;
  for (; at < end && at - start < MAX_NAME && bytes[at] !== SPACE; at++) {
    if (bytes[at] === COLON && isDigit(bytes[at + 1] as number)) return inRuby(bytes, at + 1, end);
  }
  return false;
}

/** What stands behind the number of a frame of PHP or gdb; steps of builds are numbered as well. */
const isPlace = openingOf([' /', ' {', ' C:', '  ', ' [internal function']);

const CLOSING = new Uint8Array(256);
for (const c of '"}]),; ') CLOSING[c.charCodeAt(0)] = 1;

/** Whether a line ends what was opened on lines before it, and nothing else. */
function closes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (CLOSING[bytes[at] as number] === 0) return false;
  return true;
}

/** Whether a line is the name of a function of Go's, with or without what it was called with: its place is on the next line. */
export function isCode(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isLetter(bytes[start] as number)) return false;
  const call = bytes[end - 1] === 0x29;
  let dot = false;
  let at = start;
  for (; at < end && bytes[at] !== SPACE && bytes[at] !== 0x28; at++) {
    if (bytes[at] === DOT && (isLetter(bytes[at + 1] as number) || bytes[at + 1] === 0x28)) dot = at + 1 < end;
  }
  return call ? bytes[at] === 0x28 && (dot || beginsWith(bytes, start, end, 'panic(')) : dot && at === end;
}

function inRuby(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end && isDigit(bytes[at] as number)) at++;
  return beginsWith(bytes, at, end, ':in ');
}

/** Where the blank is, or the end, behind a time of ISO 8601, of seconds or finer, that a line begins with; -1 where it begins with none. */
function behindTime(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start + 10] !== 0x54 || bytes[start + 4] !== 0x2d || end - start < 20) return -1;
  let at = start + 19;
  while (at < end && at < start + 36 && bytes[at] !== SPACE) at++;
  return at;
}

/**
 * Where the text begins of a line that a container runtime wrote: behind `2026-11-22T22:13:26.042Z stderr F `. `start` for any other line.
 */
export function bodyOf(bytes: Uint8Array, start: number, end: number): number {
  const at = behindTime(bytes, start, end);
  if (at < 0) return start;
  if (!beginsWith(bytes, at, end, ' stdout ') && !beginsWith(bytes, at, end, ' stderr ')) return start;
  return bytes[at + 9] === SPACE && at + 10 <= end ? at + 10 : start;
}

const MAX_HOST = 64;
const MAX_TAG = 96;

/** Where the host begins of a line of syslog's, `Nov 22 22:13:26 web1 app[123]: text` or `2026-11-22T22:13:26.042+00:00 web1 app[123]: text`; -1 for none. */
export function hostAt(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start + 3] === SPACE && bytes[start + 6] === SPACE && bytes[start + 9] === COLON && bytes[start + 15] === SPACE) return start + 16;
  const time = behindTime(bytes, start, end);
  return time < 0 ? -1 : time + 1;
}

/** Where the text begins behind host and tag, as `web1 app[123]: text`; -1 where there are none. Behind a time of ISO 8601 there is a number as well. */
export function textBehindTag(bytes: Uint8Array, host: number, end: number, numbered: boolean): number {
  let at = host;
  while (at < end && at - host < MAX_HOST && bytes[at] !== SPACE) at++;
  const tag = at + 1;
  if (at === host || bytes[at] !== SPACE) return -1;
  for (at = tag; at < end && at - tag < MAX_TAG && bytes[at] !== SPACE; ) at++;
  if (at - tag < 2 || at >= end || bytes[at] !== SPACE || bytes[at - 1] !== COLON) return -1;
  return numbered && bytes[at - 2] !== 0x5d ? -1 : at + 1;
}
