/** Keys whose values are levels, as loggers name them in JSON and in key=value pairs. */
import { beginsWith, isDigit, isLetter } from './ascii.ts';
import { LEVEL, type Level } from './level.ts';
import { firstsOf, GOES_ON, isWritten, letter, named, numbered } from './level-names.ts';

const { none, fatal } = LEVEL;
const [SPACE, QUOTE, ZERO, COLON, OPEN, BACKSLASH, CLOSE, BRACE, BRACE_CLOSE] = [32, 34, 48, 58, 91, 92, 93, 123, 125];
/** How much of JSON is looked at, bytes. */
const FAR = 4096;

/** What a key says: a name or a number of any kind; OpenTelemetry's number; MongoDB's letter. */
const ANY = 0;
const OTEL = 1;
const SIGN = 2;
const KEYS = Object.entries({
  level: ANY, severity: ANY, lvl: ANY, loglevel: ANY, log_level: ANY, levelname: ANY, level_name: ANY, 'log.level': ANY, severitytext: ANY,
  severity_text: ANY, '@l': ANY, '@level': ANY, PRIORITY: ANY, severitynumber: OTEL, severity_number: OTEL, s: SIGN,
}).map(([key, says]) => ({ bytes: new TextEncoder().encode(key), says }));
const KEY = firstsOf(KEYS.map(({ bytes }) => String.fromCharCode(bytes[0] as number)));
export const LONGEST_KEY = 15;
const NAME = '"name":';
const NAME_WITHIN = 100;

/** What the key bytes[start, end) says, -1 if it is not a level's. */
export function sayingOf(bytes: Uint8Array, start: number, end: number): number {
  for (const { bytes: key, says } of KEYS) {
    // A priority in other letters is a matter of the program's own.
    if (key.length === end - start && isWritten(bytes, start, key) && (key[0] !== 0x50 || bytes[start + 1] === 0x52)) return says;
  }
  return -1;
}

/** The value behind a key and its `:` or `=`, quoted or not; a number only if they may be. */
export function valued(bytes: Uint8Array, from: number, end: number, says: number, numbers: boolean): Level {
  let at = unquoted(bytes, from, end);
  // Loguru: "level": {"icon": "x", "name": "ERROR", "no": 40}. Once: an object within it is no name.
  const object = at < end && bytes[at] === BRACE;
  if (object) at = unquoted(bytes, nameIn(bytes, at, end), end);
  const start = at;
  let n = 0;
  for (let c = bytes[at] as number; at < end && isDigit(c) && at - start < 4; c = bytes[++at] as number) n = n * 10 + c - ZERO;
  if (at > start) return says === OTEL ? (Math.min(fatal, Math.ceil(n / 4)) as Level) : numbers && !object ? numbered(n) : none;
  while (at < end && isLetter(bytes[at] as number)) at++;
  if (says === SIGN) {
    const alone = at - start === 1 && at + 1 < end && (bytes[at] === QUOTE || bytes[at + 1] === QUOTE);
    return numbers && !object && alone ? letter(bytes[start] as number) : none;
  }
  const grade = at - start === 1 ? letter(bytes[start] as number) : (named(bytes, start, at)?.grade ?? none);
  return grade === GOES_ON ? none : grade;
}

/** Where a value begins behind blanks and its quote. */
function unquoted(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === SPACE || bytes[at] === QUOTE)) at++;
  return at;
}

/** Where the value of the key `name` is in the small object that begins at `from`; `end` for none. */
function nameIn(bytes: Uint8Array, from: number, end: number): number {
  const stop = Math.min(end, from + NAME_WITHIN);
  let at = from;
  while (at < stop && bytes[at] !== BRACE_CLOSE && !beginsWith(bytes, at, end, NAME)) at++;
  return at < stop && bytes[at] === QUOTE ? at + NAME.length : end;
}

/** Where a quoted text ends whose inside begins at `at`. */
export function closing(bytes: Uint8Array, at: number, end: number): number {
  for (let c = bytes[at]; at < end && c !== QUOTE; c = bytes[++at]) if (c === BACKSLASH) at++;
  return at;
}

/** The level that a key of bytes[start, end), a JSON object or the inside of one, has; one of the object itself rather than one within it. */
export function levelOfKeys(bytes: Uint8Array, start: number, end: number): Level {
  const stop = Math.min(end, start + FAR);
  let depth = bytes[start] === BRACE ? -1 : 0;
  let within: Level = none;
  for (let at = start; at < stop; at++) {
    const c = bytes[at];
    if (c === QUOTE) {
      const from = at + 1;
      at = closing(bytes, from, stop);
      if (KEY[bytes[from] as number] === 0 || at - from > LONGEST_KEY) continue;
      let colon = at + 1;
      while (bytes[colon] === SPACE) colon++;
      if (colon >= end || bytes[colon] !== COLON) continue;
      const says = sayingOf(bytes, from, at);
      const level = says < 0 ? none : valued(bytes, colon + 1, end, says, depth === 0);
      if (level !== none && depth === 0) return level;
      if (within === none) within = level;
    } else if (c === BRACE || c === OPEN) depth++;
    else if (c === BRACE_CLOSE || c === CLOSE) depth--;
  }
  return within;
}
