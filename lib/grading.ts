/** How grave a line is, read from its bytes: from a key of the record, of a JSON line or of key=value pairs, or from a word near its beginning. */
import { beginsWith, isDigit } from './ascii.ts';
import { LEVEL, type Level } from './level.ts';
import { levelOfForm, levelOfPhrase } from './level-forms.ts';
import { closing, levelOfKeys, LONGEST_KEY, sayingOf, valued } from './level-keys.ts';
import { CAPITALS, COLON_BEHIND, GOES_ON, HELD, LONGEST, named, NAMES, pairAt, pairsOf, SHORTEST, type Grade } from './level-names.ts';
import { isThrown } from './traces.ts';

const { none, warn, error } = LEVEL;
/** How much of a line is looked at for a word, bytes; what is in quotes is passed over. */
const NEAR = 120;

const [ESC, SPACE, QUOTE, ZERO, COMMA, DOT, SLASH, COLON, EQUALS, OPEN, CLOSE, BRACE] = [27, 32, 34, 48, 44, 46, 47, 58, 61, 91, 93, 123];
const [PLUS, DASH, BRACE_CLOSE] = [43, 45, 125];

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
/** How names and keys begin: few words of prose do so. */
const PAIRS = pairsOf([...Object.keys(NAMES), 'level', 'lvl', 'severity', 'priority']);

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
        if (bytes[at - 1] !== EQUALS && isStatus(bytes, close + 1, end)) return bytes[close + 2] === 0x35 ? error : none;
        stop = Math.min(end, stop + close - at);
        at = close;
        before = 0;
      } else if (c !== EQUALS || at > start) before = is; // =ERROR REPORT==== of Erlang
    } else {
      if (PAIRS[pairAt(c, bytes[at + 1] as number)] === 1 && (before & (BEFORE | CHANNEL)) !== 0) {
        const grade = wordAt(bytes, at, start, end, before);
        if (grade !== none) return grade;
      }
      const from = at;
      do at++; while (at < stop && ((CLASS[bytes[at] as number] as number) & WORD) !== 0);
      if (bytes[at] === SLASH && isDigit(c)) {
        const status = statusBehindTimers(bytes, from, end);
        if (status >= 0) return isStatus(bytes, status, end) && bytes[status + 1] === 0x35 ? error : none;
      }
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
const isRequest = (bytes: Uint8Array, at: number): boolean =>
  bytes[at - 1] === SPACE && bytes[at - 2] === CLOSE && (isDigit(bytes[at - 3] as number) || bytes[at - 3] === 0x5a);

/** Whether a status of HTTP stands there, with a size behind it. */
function isStatus(bytes: Uint8Array, at: number, end: number): boolean {
  if (at + 4 >= end || bytes[at] !== SPACE || bytes[at + 4] !== SPACE) return false;
  return isDigit(bytes[at + 1] as number) && isDigit(bytes[at + 2] as number) && isDigit(bytes[at + 3] as number);
}

/** Where the blank before the status is behind the five timers of HAProxy's access log, `0/0/1/23/24 200 1234`; -1 where there are none. */
function statusBehindTimers(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let timers = 1;
  for (; at < end && timers <= 5; at++) {
    const c = bytes[at] as number;
    if (c === SLASH) timers++;
    else if (!isDigit(c) && c !== DASH && c !== PLUS) break;
  }
  return timers === 5 && at < end && bytes[at] === SPACE ? at : -1;
}

function wordAt(bytes: Uint8Array, start: number, first: number, end: number, before: number): Grade {
  let at = start;
  while (at < end && ((CLASS[bytes[at] as number] as number) & LETTER) !== 0) at++;
  const length = at - start;
  let next = at < end ? (bytes[at] as number) : SPACE;
  if (next === EQUALS || next === DOT || next === 0x5f) {
    const isKey = (): boolean => ((CLASS[next] as number) & LETTER) !== 0 || next === DOT || next === 0x5f;
    while (at < end && at - start <= LONGEST_KEY && isKey()) next = bytes[++at] as number;
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
  const blanks = next === SPACE && bytes[at + 1] === SPACE && bytes[at + 2] === SPACE && at + 2 < end;
  const column = blanks && start - 2 >= first && bytes[start - 2] === COMMA;
  const held = column || ((before & HOLDS_BEFORE) !== 0 && ((CLASS[next] as number) & HOLDS_BEHIND) !== 0);
  if (!capitals && !held && next !== COLON) return levelOfPhrase(bytes, start, end);
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
  while (at < end && (bytes[at] === SPACE || (bytes[at] === ESC && bytes[at + 1] === OPEN))) {
    at = bytes[at] === ESC ? skipSequence(bytes, at + 2, end) + 1 : at + 1;
  }
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
