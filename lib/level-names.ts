/** What names a level: words as loggers write them, letters and numbers in their place. */
import { LEVEL, type Level } from './level.ts';

const { none, trace, debug, info, warn, error, fatal } = LEVEL;
/** In place of a level: the line says more of the one before it. */
export const GOES_ON = 7;
export type Grade = Level | typeof GOES_ON;

/** Names of levels as loggers write them, in lower case. */
export const NAMES: Record<string, Grade> = {
  trace, trc: trace, trce: trace, trac: trace, verbose: trace, finest: trace, finer: trace, debug, dbg: debug, dbug: debug, debu: debug, fine: debug,
  info, inf: info, information: info, informational: info, notice: info, note: info, log: info, warn, warning: warn, wrn: warn, deprecated: warn,
  error, err: error, erro: error, eror: error, severe: error, failure: error, failed: error, fail: error, bug: error,
  fatal, fata: fatal, ftl: fatal, crit: fatal, critical: fatal, alert: fatal, emerg: fatal, emergency: fatal, panic: fatal, pani: fatal,
  detail: GOES_ON, hint: GOES_ON, query: GOES_ON, context: GOES_ON, location: GOES_ON, statement: GOES_ON,
};
/** What also means something else, so that more must be there: capitals or what holds it, a colon behind, capitals whatever is there. */
export const HELD = 1;
export const COLON_BEHIND = 2;
export const CAPITALS = 4;
const MORE: Record<string, number> = {
  note: HELD, failed: HELD, fail: HELD, log: COLON_BEHIND | CAPITALS, deprecated: COLON_BEHIND, bug: COLON_BEHIND | CAPITALS,
  ...Object.fromEntries(Object.keys(NAMES).filter((name) => NAMES[name] === GOES_ON).map((name) => [name, COLON_BEHIND | CAPITALS])),
};
/** Letters that a name has. */
export const SHORTEST = 3;
export const LONGEST = 13;

/** A byte is 1 that one of the words begins with, in either case. */
export function firstsOf(words: string[]): Uint8Array {
  const firsts = new Uint8Array(256);
  for (const word of words) for (const c of [word, word.toUpperCase(), word.toLowerCase()]) firsts[c.charCodeAt(0)] = 1;
  return firsts;
}

/** Where the first two letters of words are noted, in either case; others may have the same place. */
export const pairAt = (first: number, second: number): number => ((first & 31) << 5) | (second & 31);

/** 1 at the places of all pairs that one of the words begins with. */
export function pairsOf(words: string[]): Uint8Array {
  const pairs = new Uint8Array(1024);
  for (const word of words) pairs[pairAt(word.charCodeAt(0), word.charCodeAt(1))] = 1;
  return pairs;
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
export function named(bytes: Uint8Array, start: number, end: number): Name | undefined {
  if (end - start < SHORTEST || end - start > LONGEST) return undefined;
  const known = TABLE.get(hashOf(bytes, start, end));
  return known && known.bytes.length === end - start && isWritten(bytes, start, known.bytes) ? known : undefined;
}

/** Whether these letters, given in lower case, are at a place. */
export function isWritten(bytes: Uint8Array, start: number, letters: Uint8Array): boolean {
  for (let i = 0; i < letters.length; i++) if (((bytes[start + i] as number) | 32) !== ((letters[i] as number) | 32)) return false;
  return true;
}

/** One letter in place of a name, as klog and logcat have it. */
export function letter(c: number): Level {
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
export function numbered(n: number): Level {
  if (n < 8) return n < 3 ? fatal : n === 3 ? error : n === 4 ? warn : n < 7 ? info : debug;
  if (n < 10 || n > 69) return none;
  return Math.min(fatal, Math.floor(n / 10)) as Level;
}
