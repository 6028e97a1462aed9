/** How grave a line is, read from its bytes: from a key of the record, of a JSON line or of key=value pairs, or from a word near its beginning. */
import { LEVEL, type Level } from './level.ts';
import { beginsWith, isDigit, isThrown, panicked } from './traces.ts';

const { none, trace, debug, info, warn, error, fatal } = LEVEL;
/** In place of a level: the line says more of the one before it. */
export const GOES_ON = 7;
type Grade = Level | typeof GOES_ON;

/** Names of levels as loggers write them, in lower case. */
const NAMES: Record<string, Grade> = {
  trace, trc: trace, trce: trace, trac: trace, verbose: trace, finest: trace, finer: trace, debug, dbg: debug, dbug: debug, debu: debug, fine: debug,
  info, inf: info, information: info, informational: info, notice: info, note: info, log: info, warn, warning: warn, wrn: warn, deprecated: warn,
  error, err: error, erro: error, eror: error, severe: error, failure: error, failed: error, fail: error, bug: error,
  fatal, fata: fatal, ftl: fatal, crit: fatal, critical: fatal, alert: fatal, emerg: fatal, emergency: fatal, panic: fatal, pani: fatal,
  detail: GOES_ON, hint: GOES_ON, query: GOES_ON, context: GOES_ON, location: GOES_ON, statement: GOES_ON,
};
/** What also means something else, so that more must be there: capitals or what holds it, a colon behind, capitals whatever is there. */
const HELD = 1;
const COLON_BEHIND = 2;
const CAPITALS = 4;
const MORE: Record<string, number> = {
  note: HELD, failed: HELD, fail: HELD, log: COLON_BEHIND | CAPITALS, deprecated: COLON_BEHIND, bug: COLON_BEHIND | CAPITALS,
  ...Object.fromEntries(Object.keys(NAMES).filter((name) => NAMES[name] === GOES_ON).map((name) => [name, COLON_BEHIND | CAPITALS])),
};
/** What a line that begins so is about, whether or not it names a level. */
const OPENINGS: [string, Level][] = [
  ['Traceback (most recent call last)', error], ['Exception in thread', error], ['Unhandled exception', error], ['Uncaught ', error],
  ['Completed 500 ', error], ['npm error ', error], ['npm warn ', warn], ['E: ', error], ['W: ', warn], ['Error,', error], ['Warning,', warn],
  ['Information,', info],
];
const OPENING = firstsOf(OPENINGS.map(([text]) => text));
/** What is grave although its word is written as in any prose. */
const PHRASES: [string, Level][] = [['panic - not syncing', fatal], ['panic serving ', error], ['error (device ', error]];
const PHRASE = firstsOf(PHRASES.map(([text]) => text));
const SHORTEST = 3;
const LONGEST = 13;
/** How much of a line is looked at for a word, and of one that is JSON for its key, bytes; what is in quotes is passed over. */
const NEAR = 120;
const FAR = 4096;

const [ESC, SPACE, QUOTE, ZERO, COLON, LESS, EQUALS, OPEN, BACKSLASH, CLOSE, BRACE] = [27, 32, 34, 48, 58, 60, 61, 91, 92, 93, 123];
const [COMMA, DASH, DOT, SLASH, BRACE_CLOSE] = [44, 45, 46, 47, 125];

// What a byte is to a word: a letter; what may stand before or behind a word in capitals; what holds one in any letters; part of a word.
const LETTER = 1;
const BEFORE = 2;
const BEHIND = 4;
const HOLDS_BEFORE = 8;
const HOLDS_BEHIND = 16;
const WORD = 32;
const CHANNEL = 64; // the name of a channel may stand before the dot, as in app.ERROR:
const CLASS = new Uint8Array(256);
const put = (chars: string, bits: number): void => {
  for (const c of chars) CLASS[c.charCodeAt(0)] = (CLASS[c.charCodeAt(0)] as number) | bits;
};
put('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', LETTER | WORD);
put('0123456789_-', WORD);
put(' \t[(<|:,{*#]>', BEFORE);
put(' \t[])>|:",\'}*.!;\x1b', BEHIND);
put('\t[(<|:', HOLDS_BEFORE);
put('\t[])>|:', HOLDS_BEHIND);
put('.', CHANNEL);
/** First letters of the names and of the keys, in either case. */
const FIRST = firstsOf([...Object.keys(NAMES), 'level', 'severity']);

function firstsOf(words: string[]): Uint8Array {
  const firsts = new Uint8Array(256);
  for (const word of words) for (const c of [word, word.toUpperCase(), word.toLowerCase()]) firsts[c.charCodeAt(0)] = 1;
  return firsts;
}

/** By length and a hash of the letters; what is found is compared. */
type Name = { bytes: Uint8Array; grade: Grade; more: number };
const TABLE = new Map<number, Name>();
for (const [name, grade] of Object.entries(NAMES)) {
  const bytes = new TextEncoder().encode(name);
  const key = hashOf(bytes, 0, bytes.length);
  if (TABLE.has(key)) throw new Error(`two names in one place: ${name}`);
  TABLE.set(key, { bytes, grade, more: MORE[name] ?? 0 });
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  return length | ((bytes[start] as number) | 32) << 4 | ((bytes[start + 1] as number) | 32) << 12 | ((bytes[end - 1] as number) | 32) << 20;
}

/** The name that is bytes[start, end), in whatever letters. */
function named(bytes: Uint8Array, start: number, end: number): Name | undefined {
  if (end - start < SHORTEST || end - start > LONGEST) return undefined;
  const known = TABLE.get(hashOf(bytes, start, end));
  return known && known.bytes.length === end - start && isWritten(bytes, start, known.bytes) ? known : undefined;
}

/** Whether these letters, given in lower case, are at a place. */
function isWritten(bytes: Uint8Array, start: number, letters: Uint8Array): boolean {
  for (let i = 0; i < letters.length; i++) if (((bytes[start + i] as number) | 32) !== ((letters[i] as number) | 32)) return false;
  return true;
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

/** What a key says: a name or a number of any kind; OpenTelemetry's number; MongoDB's letter. */
const ANY = 0;
const OTEL = 1;
const SIGN = 2;
const KEYS = Object.entries({
  level: ANY, severity: ANY, lvl: ANY, loglevel: ANY, log_level: ANY, levelname: ANY, level_name: ANY, 'log.level': ANY, severitytext: ANY,
  severity_text: ANY, '@l': ANY, '@level': ANY, PRIORITY: ANY, severitynumber: OTEL, severity_number: OTEL, s: SIGN,
}).map(([key, says]) => ({ bytes: new TextEncoder().encode(key), says }));
const KEY = firstsOf(KEYS.map(({ bytes }) => String.fromCharCode(bytes[0] as number)));
const LONGEST_KEY = 15;

/** What the key bytes[start, end) says, -1 if it is not a level's. */
function sayingOf(bytes: Uint8Array, start: number, end: number): number {
  for (const { bytes: key, says } of KEYS) {
    // A priority in other letters is a matter of the program's own.
    if (key.length === end - start && isWritten(bytes, start, key) && (key[0] !== 0x50 || bytes[start + 1] === 0x52)) return says;
  }
  return -1;
}

/** The value behind a key and its `:` or `=`, quoted or not; a number only if they may be. */
function valued(bytes: Uint8Array, from: number, end: number, says: number, numbers: boolean): Level {
  let at = from;
  while (at < end && (bytes[at] === SPACE || bytes[at] === QUOTE)) at++;
  const start = at;
  let n = 0;
  for (let c = bytes[at] as number; at < end && isDigit(c) && at - start < 4; c = bytes[++at] as number) n = n * 10 + c - ZERO;
  if (at > start) return says === OTEL ? (Math.min(fatal, Math.ceil(n / 4)) as Level) : numbers ? numbered(n) : none;
  while (at < end && ((CLASS[bytes[at] as number] as number) & LETTER) !== 0) at++;
  if (says === SIGN) return numbers && at - start === 1 && at + 1 < end && (bytes[at] === QUOTE || bytes[at + 1] === QUOTE) ? letter(bytes[start] as number) : none;
  const grade = at - start === 1 ? letter(bytes[start] as number) : (named(bytes, start, at)?.grade ?? none);
  return grade === GOES_ON ? none : grade;
}

/** Where a quoted text ends whose inside begins at `at`. */
function closing(bytes: Uint8Array, at: number, end: number): number {
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

/** The level of a line whose text is bytes[start, end). */
export function levelOfText(bytes: Uint8Array, start: number, end: number): Level {
  const grade = gradeOf(bytes, start, end);
  return grade === GOES_ON ? none : grade;
}

/** The level of a line, or that it says more of the line before it. */
export function gradeOf(bytes: Uint8Array, start: number, end: number): Grade {
  const first = bytes[start];
  if (first === BRACE) return levelOfKeys(bytes, start, end);
  const form = levelOfForm(bytes, start, end);
  return form !== none ? form : levelOfWord(bytes, start, end);
}

/** Forms that a whole line has: `E1122 10:` of klog, `<3>` of syslog, those of logcat and Redis, and beginnings of crashes. */
function levelOfForm(bytes: Uint8Array, start: number, end: number): Level {
  const [a, b] = [bytes[start] as number, bytes[start + 1] as number];
  if (isDigit(a)) return end - start < 30 ? none : levelOfSign(bytes, start, end);
  if (a === LESS && isDigit(b)) return levelOfPriority(bytes, start + 1, end);
  if (((CLASS[a] as number) & LETTER) === 0) return none;
  if (isDigit(b) || b === SLASH) return isSign(a) && (b === SLASH ? isBrief(bytes, start + 2, end) : isKlog(bytes, start, end)) ? letter(a) : none;
  const opened = OPENING[a] === 1 ? opens(OPENINGS, bytes, start, end) : undefined;
  if (opened !== undefined) return opened;
  return isThrown(bytes, start, end) || panicked(bytes, start, end) ? error : none;
}

function opens(texts: [string, Level][], bytes: Uint8Array, start: number, end: number): Level | undefined {
  for (const [text, level] of texts) if (beginsWith(bytes, start, end, text)) return level;
  return undefined;
}

/** A letter that stands for a level at the beginning of a line. */
const isSign = (c: number): boolean => c < 0x60 && letter(c) !== none;

/** Month and day behind the letter, or the year as well, and an hour behind them. */
function isKlog(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start + 1;
  while (at < end && isDigit(bytes[at] as number)) at++;
  return (at === start + 5 || at === start + 7 || at === start + 9) && at + 3 < end && bytes[at] === SPACE && bytes[at + 3] === COLON;
}

/** Logcat's short form: `E/Tag( 123): `. */
function isBrief(bytes: Uint8Array, from: number, end: number): boolean {
  let at = from;
  while (at < end && at - from < 60 && bytes[at] !== 0x28) at++;
  do at++; while (at < end && (bytes[at] === SPACE || isDigit(bytes[at] as number)));
  return beginsWith(bytes, at, end, '): ');
}

/** Logcat, `11-22 22:13:26.042  123  456 E Tag: `, and Redis, `1:M 22 Nov 2026 22:13:26.042 # `. */
function levelOfSign(bytes: Uint8Array, start: number, end: number): Level {
  let at = start + 1;
  while (at < start + 8 && isDigit(bytes[at] as number)) at++;
  if (bytes[at] === COLON && bytes[at + 2] === SPACE && bytes[at + 27] === SPACE && bytes[at + 29] === SPACE && at + 29 < end) {
    const sign = bytes[at + 28];
    return sign === 35 ? warn : sign === 42 ? info : sign === DASH ? debug : sign === DOT ? trace : none;
  }
  if (bytes[start + 2] !== DASH || bytes[start + 5] !== SPACE || bytes[start + 8] !== COLON) return none;
  at = start + 18;
  while (at < end && (bytes[at] === SPACE || isDigit(bytes[at] as number))) at++;
  return at + 1 < end && bytes[at + 1] === SPACE && isSign(bytes[at] as number) ? letter(bytes[at] as number) : none;
}

function levelOfPriority(bytes: Uint8Array, from: number, end: number): Level {
  let n = 0;
  let at = from;
  for (let c = bytes[at] as number; at < end && isDigit(c) && at - from < 3; c = bytes[++at] as number) n = n * 10 + c - ZERO;
  return bytes[at] === 62 ? numbered(n % 8) : none;
}

/** The first word that names a level: in capitals anywhere, in other letters in brackets, before a colon and the like; or level=. */
function levelOfWord(bytes: Uint8Array, start: number, end: number): Grade {
  let stop = Math.min(end, start + NEAR);
  let before = BEFORE | HOLDS_BEFORE;
  for (let at = start; at < stop; at++) {
    const c = bytes[at] as number;
    const is = CLASS[c] as number;
    if ((is & WORD) === 0) {
      if (c === BRACE && bytes[at + 1] === QUOTE && at + 1 < end) return levelOfKeys(bytes, at, end);
      // Colours stand between words without parting them from what was before.
      if (c === ESC && bytes[at + 1] === OPEN) at = skipSequence(bytes, at + 2, stop);
      else if (c === QUOTE && at - start > 2 && (bytes[at - 1] === EQUALS || isRequest(bytes, at))) {
        const close = closing(bytes, at + 1, end);
        if (bytes[at - 1] !== EQUALS && close + 5 < end && isStatus(bytes, close + 1)) return bytes[close + 2] === 0x35 ? error : none;
        stop = Math.min(end, stop + close - at);
        at = close;
        before = 0;
      } else if (c !== EQUALS || at > start) before = is; // =ERROR REPORT==== of Erlang
    } else {
      if (FIRST[c] === 1 && (before & (BEFORE | CHANNEL)) !== 0) {
        const grade = wordAt(bytes, at, start, end, before);
        if (grade !== none) return grade;
      }
      const from = at;
      do at++; while (at < stop && ((CLASS[bytes[at] as number] as number) & WORD) !== 0);
      // TypeError: and the like.
      if (bytes[at] === COLON && at < end && at - from > 5) {
        if (isThrown(bytes, from, at)) return error;
        if (beginsWith(bytes, at - 7, at, 'Warning')) return warn;
      }
      at--;
      before = 0;
    }
  }
  return none;
}

/** Whether the quote of a request is at `at`, as access logs have it behind the time. */
const isRequest = (bytes: Uint8Array, at: number): boolean => bytes[at - 1] === SPACE && bytes[at - 2] === CLOSE && (isDigit(bytes[at - 3] as number) || bytes[at - 3] === 0x5a);

/** Whether a status of HTTP stands there, with a size behind it. */
function isStatus(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== SPACE || bytes[at + 4] !== SPACE) return false;
  return isDigit(bytes[at + 1] as number) && isDigit(bytes[at + 2] as number) && isDigit(bytes[at + 3] as number);
}

function wordAt(bytes: Uint8Array, start: number, first: number, end: number, before: number): Grade {
  let at = start;
  while (at < end && ((CLASS[bytes[at] as number] as number) & LETTER) !== 0) at++;
  const length = at - start;
  let next = at < end ? (bytes[at] as number) : SPACE;
  if (next === EQUALS || next === DOT || next === 0x5f) {
    while (at < end && at - start <= LONGEST_KEY && (((CLASS[next] as number) & LETTER) !== 0 || next === DOT || next === 0x5f)) next = bytes[++at] as number;
    const says = at < end && next === EQUALS ? sayingOf(bytes, start, at) : -1;
    if (says >= 0) return valued(bytes, at + 1, end, says, true);
    at = start + length;
    next = bytes[at] as number;
  }
  if (length < SHORTEST || length > LONGEST) return none;
  // As in trace3 and DEBUG1.
  if (isDigit(next)) next = ++at < end ? (bytes[at] as number) : SPACE;
  // Celery: `: ERROR/Worker-1]`.
  if (next === SLASH && start - 2 >= first && bytes[start - 1] === SPACE && bytes[start - 2] === COLON) next = SPACE;
  if (((CLASS[next] as number) & BEHIND) === 0) return none;
  const capitals = ((bytes[start] as number) & 32) === 0 && ((bytes[start + length - 1] as number) & 32) === 0;
  if (next === ESC || (next === SPACE && (before & HOLDS_BEFORE) !== 0)) next = signBehind(bytes, at, end);
  // A column behind the time, as CBS of Windows has it: `, Info                  CBS`.
  const column = next === SPACE && bytes[at + 2] === SPACE && bytes[at + 1] === SPACE && at + 2 < end && start - 2 >= first && bytes[start - 2] === COMMA;
  const held = column || ((before & HOLDS_BEFORE) !== 0 && ((CLASS[next] as number) & HOLDS_BEHIND) !== 0);
  if (!capitals && !held && next !== COLON) return PHRASE[bytes[start] as number] === 1 ? (opens(PHRASES, bytes, start, end) ?? none) : none;
  const name = named(bytes, start, start + length);
  if (!name) return none;
  const { grade, more } = name;
  if ((more & HELD) !== 0 && !capitals && !held) return none;
  if ((more & COLON_BEHIND) !== 0 && next !== COLON) return none;
  // PostgreSQL has two blanks there.
  if (grade === GOES_ON && (at + 2 >= end || bytes[at + 1] !== SPACE || bytes[at + 2] !== SPACE)) return none;
  if (((more & CAPITALS) !== 0 || (before & BEFORE) === 0) && !(capitals && next === COLON)) return none;
  return grade >= warn && isDenied(bytes, start, first, at, end) ? none : grade;
}

/** The byte behind a word, colours and blanks aside. */
function signBehind(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === SPACE || (bytes[at] === ESC && bytes[at + 1] === OPEN))) at = bytes[at] === ESC ? skipSequence(bytes, at + 2, end) + 1 : at + 1;
  return at < end ? (bytes[at] as number) : SPACE;
}

const NOTHING = ['0', 'none', 'null', 'nil', 'false', 'undefined'];

/** Whether a word is said to be not the case: `0 ERROR`, `no error:`, `error: none`. */
function isDenied(bytes: Uint8Array, start: number, first: number, from: number, end: number): boolean {
  if (bytes[start - 1] === SPACE) {
    const digit = bytes[start - 2] === ZERO;
    const before = digit ? start - 3 : start - 4;
    const no = digit || (((bytes[start - 3] as number) | 32) === 0x6e && ((bytes[start - 2] as number) | 32) === 0x6f);
    if (no && before + 1 >= first && (before < first || bytes[before] === SPACE)) return true;
  }
  if (bytes[from] !== COLON) return false;
  let at = from + 1;
  while (at < end && bytes[at] === SPACE) at++;
  for (const text of NOTHING) if (beginsWith(bytes, at, end, text)) return at + text.length === end || endsValue(bytes[at + text.length] as number);
  return false;
}

/** What may stand behind a value among others. */
const endsValue = (c: number): boolean => c === 0x2c || c === 0x3b || c === 0x29 || c === 0x7c || c === BRACE_CLOSE;

/** The end of a control sequence: its last byte (ECMA-48, 5.4). */
function skipSequence(bytes: Uint8Array, from: number, stop: number): number {
  let at = from;
  while (at < stop && (bytes[at] as number) < 0x40) at++;
  return at;
}
