/** How grave a line is, read from its bytes: from a key of the record, of a JSON line or of key=value pairs, or from a word near its beginning. */
import { LEVEL, type Level } from './level.ts';

const { none, trace, debug, info, warn, error, fatal } = LEVEL;

/** Names of levels as loggers write them, in lower case. */
const NAMES: Record<string, Level> = {
  trace, trc: trace, verbose: trace, finest: trace, finer: trace, debug, dbg: debug, fine: debug, info, inf: info, information: info,
  informational: info, notice: info, warn, warning: warn, wrn: warn, error, err: error, severe: error, failure: error, fatal, ftl: fatal,
  crit: fatal, critical: fatal, alert: fatal, emerg: fatal, emergency: fatal, panic: fatal,
};
/** What a line that begins so is about, whether or not it names a level. */
const OPENINGS: [string, Level][] = [
  ['Traceback (most recent call last)', error], ['Exception in thread', error], ['Unhandled exception', error], ['Uncaught ', error],
];
const SHORTEST = 3;
const LONGEST = 13;
/** How much of a line is looked at for a word, and of one that is JSON or key=value for its key, bytes. */
const NEAR = 120;
const FAR = 1024;

const [TAB, ESC, SPACE, QUOTE, COLON, LESS, EQUALS, OPEN, BRACE] = [9, 27, 32, 34, 58, 60, 61, 91, 123];

// What a byte is to a word: a letter; what may stand before or behind a word in capitals; what holds one in any letters; part of a word.
const LETTER = 1;
const BEFORE = 2;
const BEHIND = 4;
const HOLDS_BEFORE = 8;
const HOLDS_BEHIND = 16;
const WORD = 32;
const CLASS = new Uint8Array(256);
const put = (chars: string, bits: number): void => {
  for (const c of chars) CLASS[c.charCodeAt(0)] = (CLASS[c.charCodeAt(0)] as number) | bits;
};
put('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER | WORD);
put('0123456789_-', WORD);
put(' \t[(<|:=",\'{*#]>', BEFORE);
put(' \t])>|:",\'}*.!;\x1b', BEHIND);
put('\t[(<|"=:', HOLDS_BEFORE);
put('\t])>|":', HOLDS_BEHIND);
/** First letters of the names and of the keys, in either case. */
const FIRST = new Uint8Array(256);
for (const name of [...Object.keys(NAMES), 'level', 'severity']) for (const c of [name, name.toUpperCase()]) FIRST[c.charCodeAt(0)] = 1;

/** By length and a hash of the letters; what is found is compared. */
const TABLE = new Map<number, { bytes: Uint8Array; level: Level }>();
for (const [name, level] of Object.entries(NAMES)) {
  const bytes = new TextEncoder().encode(name);
  const key = hashOf(bytes, 0, bytes.length);
  if (TABLE.has(key)) throw new Error(`two names in one place: ${name}`);
  TABLE.set(key, { bytes, level });
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  return length | ((bytes[start] as number) | 32) << 4 | ((bytes[start + 1] as number) | 32) << 12 | ((bytes[end - 1] as number) | 32) << 20;
}

/** The level that bytes[start, end) names, in whatever letters. */
function named(bytes: Uint8Array, start: number, end: number): Level {
  if (end - start < SHORTEST || end - start > LONGEST) return end - start === 1 ? letter(bytes[start] as number) : none;
  const known = TABLE.get(hashOf(bytes, start, end));
  if (!known || known.bytes.length !== end - start) return none;
  for (let i = 0; i < known.bytes.length; i++) if (((bytes[start + i] as number) | 32) !== known.bytes[i]) return none;
  return known.level;
}

/** One letter in place of a name, as klog and logcat have it. */
function letter(c: number): Level {
  switch (c | 32) {
    case 0x74: case 0x76: return trace;
    case 0x64: return debug;
    case 0x69: return info;
    case 0x77: return warn;
    case 0x65: return error;
    case 0x66: return fatal;
    default: return none;
  }
}

/** A number in place of a name: syslog's severities 0 to 7 (RFC 5424, 6.2.1), else the tens of pino and bunyan. */
function numbered(n: number): Level {
  if (n < 8) return n < 3 ? fatal : n === 3 ? error : n === 4 ? warn : n < 7 ? info : debug;
  if (n < 10 || n > 69) return none;
  return Math.min(fatal, Math.floor(n / 10)) as Level;
}

/** The value behind a key and its `:` or `=`, quoted or not. */
function valued(bytes: Uint8Array, from: number, end: number): Level {
  let at = from;
  while (at < end && (bytes[at] === SPACE || bytes[at] === QUOTE)) at++;
  const start = at;
  let n = 0;
  for (let c = bytes[at] as number; at < end && c >= 48 && c <= 57 && at - start < 4; c = bytes[++at] as number) n = n * 10 + c - 48;
  if (at > start) return numbered(n);
  while (at < end && ((CLASS[bytes[at] as number] as number) & LETTER) !== 0) at++;
  return named(bytes, start, at);
}

const KEYS = ['level', 'severity', 'lvl', 'loglevel', 'levelname', 'log.level'].map((key) => new TextEncoder().encode(key));

/** Where the value of a level's key at `at` begins, the key ended by `by` (after a closing quote if `quoted`); -1 if there is no such key. */
function keyed(bytes: Uint8Array, at: number, end: number, by: number, quoted: boolean): number {
  for (const key of KEYS) {
    let i = 0;
    while (i < key.length && bytes[at + i] === key[i]) i++;
    if (i < key.length) continue;
    let stop = at + i;
    if (quoted && bytes[stop++] !== QUOTE) continue;
    while (bytes[stop] === SPACE) stop++;
    if (stop < end && bytes[stop] === by) return stop + 1;
  }
  return -1;
}

/** The level that a key of bytes[start, end), the inside of a JSON object, has. */
export function levelOfKeys(bytes: Uint8Array, start: number, end: number): Level {
  const stop = Math.min(end, start + FAR);
  for (let at = start; at < stop; at++) {
    const next = bytes[at + 1];
    if (bytes[at] !== QUOTE || (next !== 0x6c && next !== 0x73)) continue;
    const value = keyed(bytes, at + 1, end, COLON, true);
    if (value >= 0) return valued(bytes, value, end);
  }
  return none;
}

/** The level of a line whose text is bytes[start, end). */
export function levelOfText(bytes: Uint8Array, start: number, end: number): Level {
  const first = bytes[start];
  if (first === BRACE) return levelOfKeys(bytes, start, end);
  const form = levelOfForm(bytes, start, end);
  return form !== none ? form : levelOfWord(bytes, start, end);
}

/** Forms that a whole line has: `E1122 ` of klog, `<3>` of syslog, and beginnings of crashes. */
function levelOfForm(bytes: Uint8Array, start: number, end: number): Level {
  const [a, b, c] = [bytes[start] as number, bytes[start + 1] as number, bytes[start + 2] as number];
  if (end - start > 6 && b >= 48 && b <= 57 && c >= 48 && c <= 57 && bytes[start + 5] === SPACE && isKlog(a)) return letter(a);
  if (a === LESS && b >= 48 && b <= 57) return levelOfPriority(bytes, start + 1, end);
  if (a === 0x54 || a === 0x45 || a === 0x55) {
    for (const [text, level] of OPENINGS) if (beginsWith(bytes, start, end, text)) return level;
  }
  return none;
}

const isKlog = (c: number): boolean => c === 0x49 || c === 0x57 || c === 0x45 || c === 0x46;

function levelOfPriority(bytes: Uint8Array, from: number, end: number): Level {
  let n = 0;
  let at = from;
  for (let c = bytes[at] as number; at < end && c >= 48 && c <= 57 && at - from < 3; c = bytes[++at] as number) n = n * 10 + c - 48;
  return bytes[at] === 62 ? numbered(n % 8) : none;
}

function beginsWith(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The first word that names a level: in capitals anywhere, in other letters in brackets, before a colon and the like; or level=. */
function levelOfWord(bytes: Uint8Array, start: number, end: number): Level {
  const stop = Math.min(end, start + NEAR);
  let before = BEFORE | HOLDS_BEFORE;
  for (let at = start; at < stop; at++) {
    const c = bytes[at] as number;
    const is = CLASS[c] as number;
    if ((is & WORD) === 0) {
      // Colours stand between words without parting them from what was before.
      if (c === ESC && bytes[at + 1] === OPEN) at = skipSequence(bytes, at + 2, stop);
      else before = is;
    } else {
      if (FIRST[c] === 1 && (before & BEFORE) !== 0) {
        const level = wordAt(bytes, at, end, before);
        if (level !== none) return level;
      }
      do at++; while (((CLASS[bytes[at] as number] as number) & WORD) !== 0 && at < stop);
      at--;
      before = 0;
    }
  }
  return none;
}

function wordAt(bytes: Uint8Array, start: number, end: number, before: number): Level {
  let at = start;
  while (at < end && ((CLASS[bytes[at] as number] as number) & LETTER) !== 0) at++;
  const next = at < end ? (bytes[at] as number) : SPACE;
  if (next === EQUALS || next === 0x2e) {
    const value = keyed(bytes, start, end, EQUALS, false);
    return value < 0 ? none : valued(bytes, value, end);
  }
  if (at - start < SHORTEST || at - start > LONGEST) return none;
  const behind = CLASS[next] as number;
  if ((behind & BEHIND) === 0) return none;
  const capitals = ((bytes[start] as number) & 32) === 0 && ((bytes[at - 1] as number) & 32) === 0;
  const held = ((before & HOLDS_BEFORE) !== 0 && (behind & HOLDS_BEHIND) !== 0) || next === COLON;
  return capitals || held ? named(bytes, start, at) : none;
}

/** The end of a control sequence: its last byte (ECMA-48, 5.4). */
function skipSequence(bytes: Uint8Array, from: number, stop: number): number {
  let at = from;
  while (at < stop && (bytes[at] as number) < 0x40) at++;
  return at;
}

/** Whether a line goes on from the one before it in its stream: it is indented, or is a cause within a stack trace. */
export function goesOn(bytes: Uint8Array, start: number, end: number): boolean {
  const c = bytes[start];
  if (c === SPACE || c === TAB) return end - start > 1;
  if (c === 0x43) return beginsWith(bytes, start, end, 'Caused by: ');
  return c === 0x2e ? beginsWith(bytes, start, end, '... ') : false;
}

/** Whether a line begins a trace of Python's, which ends with a line that is not indented. */
export function opensTraceback(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === 0x54 && beginsWith(bytes, start, end, 'Traceback (');
}
