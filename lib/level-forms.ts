/** Lines that say by their form how grave they are: those of klog, syslog, logcat and Redis, and the beginnings of crashes. */
import { beginsWith, isDigit, isLetter, openings } from './ascii.ts';
import { LEVEL, type Level } from './level.ts';
import { letter, numbered } from './level-names.ts';
import { isThrown, panicked } from './traces.ts';

const { none, info, debug, trace, warn, error, fatal } = LEVEL;
const [SPACE, PAREN, DASH, DOT, SLASH, ZERO, COLON, LESS, GREATER] = [32, 40, 45, 46, 47, 48, 58, 60, 62];

/** What a line that begins so is about, whether or not it names a level. */
const levelOfOpening = openings<Level>([
  ['Traceback (most recent call last)', error], ['Exception in thread', error], ['Unhandled exception', error], ['Uncaught ', error],
  ['Completed 500 ', error], ['npm error ', error], ['npm warn ', warn], ['E: ', error], ['W: ', warn], ['Error,', error], ['Warning,', warn],
  ['Information,', info],
], none);
/** What is grave although its word is written as in any prose. */
export const levelOfPhrase = openings<Level>([['panic - not syncing', fatal], ['panic serving ', error], ['error (device ', error]], none);

/** Forms that a whole line has: `E1122 10:` of klog, `<3>` of syslog, those of logcat and Redis, and beginnings of crashes. */
export function levelOfForm(bytes: Uint8Array, start: number, end: number): Level {
  const [a, b] = [bytes[start] as number, bytes[start + 1] as number];
  if (isDigit(a)) return end - start < 30 ? none : levelOfSign(bytes, start, end);
  if (a === LESS && isDigit(b)) return levelOfPriority(bytes, start + 1, end);
  if (!isLetter(a)) return none;
  if (isDigit(b) || b === SLASH) return isSign(a) && (b === SLASH ? isBrief(bytes, start + 2, end) : isKlog(bytes, start, end)) ? letter(a) : none;
  const opened = levelOfOpening(bytes, start, end);
  if (opened !== none) return opened;
  return isThrown(bytes, start, end) || panicked(bytes, start, end) ? error : none;
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
  while (at < end && at - from < 60 && bytes[at] !== PAREN) at++;
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
  return bytes[at] === GREATER ? numbered(n % 8) : none;
}
