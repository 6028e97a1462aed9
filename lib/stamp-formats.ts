/** The shapes in which log lines write their time, each read from the bytes at a cursor. */
import { offsetOf, type Calendar, type Fields } from './calendar.ts';
import { isDigit, isLetter } from './ascii.ts';
import type { Cursor } from './cursor.ts';

/** What a format reads with: the cursor is where the stamp would begin, and after a success where it ends. */
export type Reading = { cursor: Cursor; fields: Fields; calendar: Calendar; now: number };

/** Milliseconds since the epoch, NaN when the line does not have this shape. */
export type Format = (r: Reading) => number;

/** No format looks further into a line, in bytes. */
export const REACH = 200;

const LF = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const SLASH = 0x2f;
const COLON = 0x3a;
const EQUALS = 0x3d;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BRACE = 0x7b;

/** `22:13:26` with or without a fraction; seconds may be missing where `short` allows it. */
function timeOfDay({ cursor: c, fields: f }: Reading, short: boolean): boolean {
  f.hour = c.number(2);
  if (f.hour < 0 || !c.skip(COLON)) return false;
  f.minute = c.number(2);
  f.second = f.ms = 0;
  if (f.minute < 0) return false;
  if (c.peek() !== COLON) return short;
  c.at++;
  f.second = c.number(2);
  f.ms = c.fraction('.,');
  return f.second >= 0 && f.ms >= 0;
}

/** `Z`, `+01:00`, `+0100`, `+01`, ` +0100`, ` UTC`, ` GMT` as minutes east; undefined for none, NaN for one that cannot be. */
function zone(c: Cursor): number | undefined {
  const from = c.at;
  const spaced = c.skip(SPACE);
  if ((!spaced && (c.skip(0x5a) || c.skip(0x7a))) || c.skipText('UTC') || c.skipText('GMT')) {
    if (c.atBoundary()) return 0;
  } else if (c.peek() === 0x2b || c.peek() === MINUS) {
    const sign = c.peek() === MINUS ? -1 : 1;
    c.at++;
    const hours = c.number(2);
    const colon = c.skip(COLON);
    const minutes = c.number(2);
    const complete = hours >= 0 && (minutes >= 0 || (!spaced && !colon));
    // Behind a space, `-1234` may also be the message: no place on earth is off by other than whole quarters of an hour.
    if (complete && c.atBoundary() && (!spaced || minutes % 15 === 0)) return offsetOf(sign, hours, Math.max(minutes, 0));
    if (hours >= 0 && !spaced) return NaN;
  }
  c.at = from;
  return undefined;
}

/** The fields as a time, by the zone that follows or else local. */
function withZone({ cursor: c, fields: f, calendar }: Reading): number {
  const offset = zone(c);
  if (!c.atBoundary()) return NaN;
  return offset === undefined ? calendar.local(f) : calendar.utc(f, offset);
}

/** RFC 3339, ISO 8601 and cousins: `2023-11-14T22:13:26.123Z`, `2023-11-14 22:13:26,123`, `2023/11/14 22:13:26`, `20231114T221326Z`. */
export function iso(r: Reading): number {
  const { cursor: c, fields: f } = r;
  f.year = c.number(4);
  if (f.year < 0) return NaN;
  const separator = c.peek();
  if (isDigit(separator)) return isoBasic(r);
  if (separator !== MINUS && separator !== SLASH) return NaN;
  c.at++;
  f.month = c.number(2);
  if (!c.skip(separator)) return NaN;
  f.day = c.number(2);
  if (f.day < 0 || !(c.skip(0x54) || c.skip(SPACE) || c.skip(0x74))) return NaN;
  return timeOfDay(r, true) ? withZone(r) : NaN;
}

function isoBasic(r: Reading): number {
  const { cursor: c, fields: f } = r;
  f.month = c.number(2);
  f.day = c.number(2);
  if (!c.skip(0x54)) return NaN;
  f.hour = c.number(2);
  f.minute = c.number(2);
  f.second = c.number(2);
  f.ms = c.fraction('.,');
  return f.ms < 0 ? NaN : withZone(r);
}

/** A day of the month: two digits, or one with a space before it. */
function day({ cursor: c, fields: f }: Reading): boolean {
  c.skip(SPACE);
  f.day = c.number(Math.min(c.digits(2), 2) || 1);
  return f.day >= 0;
}

/** RFC 3164: `Nov 14 22:13:26`, in the year nearest to now; `Nov 14 2023 22:13:26` where the year is there. */
export function syslog(r: Reading): number {
  const { cursor: c, fields: f } = r;
  f.month = c.month();
  if (f.month < 0 || !c.skip(SPACE) || !day(r) || !c.skip(SPACE)) return NaN;
  const hasYear = c.digits(4) === 4;
  if (hasYear) {
    f.year = c.number(4);
    if (!c.skip(SPACE)) return NaN;
  }
  if (!timeOfDay(r, false) || !c.atBoundary()) return NaN;
  return hasYear ? withZone(r) : r.calendar.nearest(f, r.now);
}

/** `14/Nov/2023:22:13:26 +0000`, `14-Nov-2023 22:13:26`, `14 Nov 2023 22:13:26.123`. */
export function dayMonthYear(r: Reading): number {
  const { cursor: c, fields: f } = r;
  if (!isDigit(c.peek()) || !day(r)) return NaN;
  const separator = c.peek();
  if (separator !== SLASH && separator !== MINUS && separator !== SPACE) return NaN;
  c.at++;
  f.month = c.month();
  if (f.month < 0 || !c.skip(separator)) return NaN;
  f.year = c.number(4);
  if (f.year < 0 || !(c.skip(COLON) || c.skip(SPACE))) return NaN;
  return timeOfDay(r, false) ? withZone(r) : NaN;
}

/** asctime(3) and date(1), `Tue Nov 14 22:13:26.123456 2023`, and RFC 9110, `Tue, 14 Nov 2023 22:13:26 GMT`. */
export function weekdayFirst(r: Reading): number {
  const { cursor: c, fields: f } = r;
  if (!c.weekday()) return NaN;
  c.skip(COMMA);
  if (!c.skip(SPACE)) return NaN;
  f.month = c.month();
  if (f.month < 0) return dayMonthYear(r);
  if (!c.skip(SPACE) || !day(r) || !c.skip(SPACE) || !timeOfDay(r, false)) return NaN;
  const offset = zone(c);
  if (!c.skip(SPACE)) return NaN;
  f.year = c.number(4);
  if (f.year < 0 || !c.atBoundary()) return NaN;
  return offset === undefined ? r.calendar.local(f) : r.calendar.utc(f, offset);
}

/** glog and klog: `I1114 22:13:26.123456`, `I20231114 22:13:26.123456`. */
export function klog(r: Reading): number {
  const { cursor: c, fields: f } = r;
  if (!isLetter(c.peek()) || !isDigit(c.peek(1))) return NaN;
  c.at++;
  const hasYear = c.digits(8) === 8;
  f.year = hasYear ? c.number(4) : 0;
  f.month = c.number(2);
  f.day = c.number(2);
  if (f.day < 0 || !c.skip(SPACE) || !timeOfDay(r, false) || !c.atBoundary()) return NaN;
  return hasYear ? r.calendar.local(f) : r.calendar.nearest(f, r.now);
}

const MIN_SECONDS = 1e9; // 2001: what has ten digits
const MAX_SECONDS = 2 ** 32; // 2106

/** Seconds (with or without a fraction), or milli-, micro- or nanoseconds since the epoch. */
function epochNumber(c: Cursor): number {
  const length = c.digits(20);
  if (length !== 10 && length !== 13 && length !== 16 && length !== 19) return NaN;
  const seconds = c.number(10);
  if (seconds < MIN_SECONDS || seconds >= MAX_SECONDS) return NaN;
  if (length === 10) {
    const ms = c.fraction('.');
    return ms < 0 || !c.atBoundary() ? NaN : seconds * 1000 + ms;
  }
  const ms = c.number(3);
  c.at += length - 13;
  return c.atBoundary() ? seconds * 1000 + ms : NaN;
}

/** An epoch number with which the line begins; a line that is nothing but a number is taken for data. */
export function epoch({ cursor: c }: Reading): number {
  const ts = epochNumber(c);
  return c.peek() === -1 || c.peek() === 0x2e ? NaN : ts;
}

/** Common Log Format: `host ident user [14/Nov/2023:22:13:26 +0000] "GET`, also with a virtual host or other fields before it. */
export function commonLog(r: Reading): number {
  const c = r.cursor;
  const bytes = c.bytes;
  const end = Math.min(c.at + REACH, bytes.length);
  let words = 0;
  for (let i = c.at; i < end; i++) {
    const byte = bytes[i];
    if (byte === SPACE) words++;
    if (byte === LF || byte === QUOTE || words > 6) return NaN;
    if (byte !== OPEN) continue;
    c.at = i + 1;
    const ts = dayMonthYear(r);
    // After more than a word it could be prose: there, what Common Log Format has next must follow, the quoted request.
    if (ts >= 0 && c.skip(CLOSE) && (words <= 1 || c.skipText(' "'))) return ts;
  }
  return NaN;
}

const LEVELS = new Set(
  'trace debug info information notice warn warning error err severe crit critical fatal panic alert emerg fine config'.split(' '),
);

/** A severity before the stamp: `INFO 2023-11-14 22:13:26,123`, `[ERROR] [2023-11-14 22:13:26]`; Ruby's `I, [2023-11-14T22:13:26.123 #1]`. */
export function levelFirst(r: Reading): number {
  const c = r.cursor;
  if (isLetter(c.peek()) && c.peek(1) === COMMA) {
    c.at++;
    return c.skipText(', [') ? iso(r) : NaN;
  }
  let level = '';
  while (isLetter(c.peek()) && level.length < 12) level += String.fromCharCode(c.bytes[c.at++] as number);
  if (!LEVELS.has(level.toLowerCase())) return NaN;
  c.skip(CLOSE);
  c.skip(COLON);
  for (let i = 0; i < 4; i++) c.skip(SPACE);
  c.skip(OPEN);
  return iso(r);
}

/** Redis: `1234:M 14 Nov 2023 22:13:26.123 * Ready`. */
export function redis(r: Reading): number {
  const c = r.cursor;
  const pid = c.digits(8);
  if (pid === 0) return NaN;
  c.at += pid;
  if (!c.skip(COLON) || !isLetter(c.peek())) return NaN;
  c.at++;
  return c.skip(SPACE) ? dayMonthYear(r) : NaN;
}

const KEYS = ['time', 'ts', 'timestamp', '@timestamp', 'datetime', 't', '@t', 'Timestamp', 'asctime', 'eventTime'];

/** An ISO stamp or epoch number as the value of a key, quoted or not. */
function value(r: Reading): number {
  const c = r.cursor;
  c.skip(QUOTE);
  const from = c.at;
  const ts = iso(r);
  if (ts >= 0) return ts;
  c.at = from;
  return epochNumber(c);
}

/** A JSON object with its time under a usual key: `{"level":30,"time":1700000006123,...`; also MongoDB's `{"t":{"$date":"..."}`. */
export function json(r: Reading): number {
  const c = r.cursor;
  const start = c.at;
  if (c.peek() !== BRACE) return NaN;
  let before = 0; // the last byte that is not a space
  for (let i = 0; i < REACH; i++) {
    c.at = start + i;
    const byte = c.peek();
    if (byte === -1) return NaN;
    // A quote behind `{` or `,` opens a key: inside of a string, a quote has a backslash before it.
    if (byte === QUOTE && (before === BRACE || before === COMMA)) {
      c.at++;
      if (KEYS.some((key) => c.skipText(`${key}"`))) {
        c.skip(SPACE);
        c.skip(COLON);
        c.skip(SPACE);
        c.skipText('{"$date":');
        const ts = value(r);
        if (ts >= 0) return ts;
      }
    }
    if (byte !== SPACE) before = byte;
  }
  return NaN;
}

/** logfmt with its time among the first three pairs: `level=info ts=2023-11-14T22:13:26Z`; auditd's `msg=audit(1364481363.243:24287)`. */
export function logfmt(r: Reading): number {
  const c = r.cursor;
  const end = c.at + REACH;
  for (let pair = 0; pair < 3; pair++) {
    const key = c.at;
    while (c.at < end && (isLetter(c.peek()) || isDigit(c.peek()) || c.peek() === 0x5f || c.peek() === 0x40)) c.at++;
    const length = c.at - key;
    if (length === 0 || !c.skip(EQUALS)) return NaN;
    if (isTimeKey(c, key, length) || c.skipText('audit(')) return value(r);
    const quoted = c.skip(QUOTE);
    while (c.at < end && c.peek() !== -1 && c.peek() !== (quoted ? QUOTE : SPACE)) c.at++;
    if (quoted) c.skip(QUOTE);
    if (!c.skip(SPACE)) return NaN;
  }
  return NaN;
}

function isTimeKey(c: Cursor, start: number, length: number): boolean {
  return KEYS.some((key) => {
    if (key.length !== length) return false;
    for (let i = 0; i < length; i++) if (c.bytes[start + i] !== key.charCodeAt(i)) return false;
    return true;
  });
}
