/** The record of lm-record(5): read from bytes without building objects. */
import { stringEnd, viewOf } from './json-scan.ts';
import { Literal } from './literal.ts';
import { isStreamId } from './stream-id.ts';

const MAX_RUN = 64;
const MAX_DEPTH = 64;
const MAX_TS = 8.64e15; // the last millisecond that a date can name (ECMA-262)

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const TS_KEY = new Literal(',"ts":');
const MSG_KEY = new Literal(',"msg":"');
const MORE_END = new Literal(',"more":true}');
const NOTHING = new Literal('');

class Malformed extends Error {}

/**
 * The text of a JSON string whose inside (between the quotes) is the given range. The range must have been read by RecordReader.
 */
export function unescape(bytes: Uint8Array, start: number, end: number): string {
  const inside = bytes.subarray(start, end);
  // TextDecoder refuses views of shared memory in browsers; copying there is the caller's business.
  const text = utf8.decode(inside);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}

/**
 * Reads one record at a time; the fields tell of the last one until the next call. Use one reader for each source: it remembers the
 * beginning that the lines of one lm-frame process share, and that makes it fast.
 */
export class RecordReader {
  /** Stream id; 'unframed' where `hasId` is false. */
  id = '';
  /** Token of one lm-frame process, '' for none. */
  run = '';
  /** Number within the run, 0 for none. */
  n = 0;
  /** Milliseconds since the epoch, NaN for none. */
  ts = NaN;
  /** What the record is: a line, or one of the two that lm-frame --beat writes. */
  kind: 'line' | 'beat' | 'end' = 'line';
  /** The line goes on in the next record of the run. */
  more = false;
  hasId = false;
  /** Keys stand in the order of lm-frame, without spaces: id, [run, n,] ts, msg, then any others. */
  canonical = false;
  /** Where the inside of msg begins and ends, still escaped. */
  msgStart = 0;
  msgEnd = 0;
  /** Where the rest after msg begins: at `,` or `}`. Only for canonical records. */
  tail = 0;

  #prefix = NOTHING; // `{"id":"web1","run":"k3x9a1qz","n":` of the last canonical record
  #prefixId = '';
  #prefixRun = '';
  #suffix = NOTHING; // `,"host":"web1"}`: what follows msg, where it is the same in every line
  #suffixMore = false;

  /**
   * Read the record at bytes[start, end), `end` being where its newline stands. Returns undefined, or why it is malformed; then the
   * fields mean nothing. The caller vouches that the range is valid UTF-8 if it wants that checked (node:buffer isUtf8 does blocks).
   */
  read(bytes: Uint8Array, start: number, end: number): string | undefined {
    if (this.#readCanonical(bytes, start, end)) return undefined;
    return this.#readAny(bytes, start, end);
  }

  /** The fast path: what lm-frame writes. False means only that the line is not of that form. */
  #readCanonical(bytes: Uint8Array, start: number, end: number): boolean {
    const prefix = this.#prefix;
    const view = viewOf(bytes);
    if (prefix.length === 0 || !prefix.stands(bytes, view, start, end)) return false;
    let at = start + prefix.length;
    let n = 0;
    for (let c = (bytes[at] as number) - 48; at < end && c >= 0 && c <= 9; c = (bytes[++at] as number) - 48) n = n * 10 + c;
    if (n < 1 || n > Number.MAX_SAFE_INTEGER || bytes[start + prefix.length] === 48) return false;
    if (!TS_KEY.stands(bytes, view, at, end)) return false;
    at += TS_KEY.length;
    const digits = at;
    let ts = 0;
    for (let c = (bytes[at] as number) - 48; at < end && c >= 0 && c <= 9; c = (bytes[++at] as number) - 48) ts = ts * 10 + c;
    if (at === digits || (bytes[digits] === 48 && at > digits + 1) || ts > MAX_TS) return false;
    if (!MSG_KEY.stands(bytes, view, at, end)) return false;
    at += MSG_KEY.length;
    const msgEnd = stringEnd(bytes, view, at, end);
    if (msgEnd < 0) return false;
    const length = end - msgEnd - 1;
    let more = false;
    if (length !== 1 || bytes[msgEnd + 1] !== CLOSE) {
      if (length === this.#suffix.length && this.#suffix.stands(bytes, view, msgEnd + 1, end)) more = this.#suffixMore;
      else if (length === MORE_END.length && MORE_END.stands(bytes, view, msgEnd + 1, end)) more = true;
      else return false;
    }
    this.id = this.#prefixId;
    this.run = this.#prefixRun;
    this.n = n;
    this.ts = ts;
    this.kind = 'line';
    this.more = more;
    this.hasId = true;
    this.canonical = true;
    this.msgStart = at;
    this.msgEnd = msgEnd;
    this.tail = msgEnd + 1;
    return true;
  }

  /** Any JSON object: keys in any order, spaces, other keys, each key once. */
  #readAny(bytes: Uint8Array, start: number, end: number): string | undefined {
    let scan: Scan;
    try {
      scan = scanObject(bytes, start, end);
    } catch (err) {
      if (err instanceof Malformed) return err.message;
      throw err;
    }
    const { fields } = scan;
    const id = fields.get('id');
    const run = fields.get('run');
    const n = fields.get('n');
    const ts = fields.get('ts');
    const msg = fields.get('msg');
    if (id !== undefined && (typeof id.value !== 'string' || !isStreamId(id.value))) return 'bad id';
    if (run !== undefined && (typeof run.value !== 'string' || run.value === '' || run.value.length > MAX_RUN)) return 'bad run';
    if (n !== undefined && !isWhole(n.value, 0, Number.MAX_SAFE_INTEGER)) return 'bad n';
    if (ts !== undefined && !isWhole(ts.value, -MAX_TS, MAX_TS)) return 'bad ts';
    if (msg !== undefined && typeof msg.value !== 'string') return 'bad msg';
    const kind = msg ? 'line' : fields.get('end')?.value === true ? 'end' : fields.get('beat')?.value === true ? 'beat' : undefined;
    if (!kind) return 'no msg';
    if (kind === 'line' && n?.value === 0) return 'bad n';
    this.hasId = id !== undefined;
    this.id = id ? (id.value as string) : 'unframed';
    this.run = run && n ? (run.value as string) : '';
    this.n = run && n ? (n.value as number) : 0;
    this.ts = ts ? (ts.value as number) : NaN;
    this.kind = kind;
    this.more = fields.get('more')?.value === true;
    this.msgStart = msg ? msg.start + 1 : end;
    this.msgEnd = msg ? msg.end - 1 : end;
    this.tail = msg ? msg.end : end;
    this.canonical = kind === 'line' && scan.compact && inOrder(scan.keys);
    if (this.canonical && this.run !== '') this.#remember(bytes, start, (n as Value).start, end);
    return undefined;
  }

  #remember(bytes: Uint8Array, start: number, numberAt: number, end: number): void {
    this.#prefix = new Literal(bytes.subarray(start, numberAt));
    this.#prefixId = this.id;
    this.#prefixRun = this.run;
    this.#suffix = new Literal(bytes.subarray(this.tail, end));
    this.#suffixMore = this.more;
  }
}

/** A value of a key that the record knows, and the bytes it stands in; strings with their quotes. */
type Value = { value: string | number | boolean | undefined; start: number; end: number };
type Scan = { fields: Map<string, Value>; keys: string[]; compact: boolean };

const CANONICAL = [
  ['id', 'run', 'n', 'ts', 'msg'],
  ['id', 'ts', 'msg'],
];

function inOrder(keys: string[]): boolean {
  return CANONICAL.some((order) => order.every((key, i) => keys[i] === key));
}

function isWhole(value: Value['value'], min: number, max: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

const isSpace = (c: number | undefined): boolean => c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d;

/** Scan one JSON object, noting its top-level keys. Throws Malformed for what is no JSON object or has a key twice. */
function scanObject(bytes: Uint8Array, start: number, end: number): Scan {
  let at = start;
  let compact = true;
  const skipSpace = (): number | undefined => {
    while (at < end && isSpace(bytes[at])) {
      compact = false;
      at++;
    }
    return at < end ? bytes[at] : undefined;
  };
  if (skipSpace() !== OPEN) throw new Malformed(at === end ? 'empty' : 'not an object');
  at++;
  const fields = new Map<string, Value>();
  const keys: string[] = [];
  for (let first = true; ; first = false) {
    const c = skipSpace();
    if (c === CLOSE && first) break;
    if (c !== QUOTE) throw new Malformed('not JSON');
    const keyEnd = stringEnd(bytes, viewOf(bytes), at + 1, end);
    if (keyEnd < 0) throw new Malformed('not JSON');
    const key = unescapeKey(bytes, at + 1, keyEnd);
    at = keyEnd + 1;
    if (skipSpace() !== COLON) throw new Malformed('not JSON');
    at++;
    skipSpace();
    const valueStart = at;
    at = skipValue(bytes, at, end);
    if (fields.has(key)) throw new Malformed('a key twice');
    fields.set(key, { value: WANTED.has(key) ? valueOf(bytes, valueStart, at, key) : undefined, start: valueStart, end: at });
    keys.push(key);
    const next = skipSpace();
    if (next === CLOSE) break;
    if (next !== COMMA) throw new Malformed('not JSON');
    at++;
  }
  at++;
  skipSpace();
  if (at !== end) throw new Malformed('not JSON');
  return { fields, keys, compact };
}

const WANTED = new Set(['id', 'run', 'n', 'ts', 'msg', 'more', 'beat', 'end']);

function unescapeKey(bytes: Uint8Array, start: number, end: number): string {
  try {
    return unescape(bytes, start, end);
  } catch {
    throw new Malformed('invalid UTF-8');
  }
}

/** The value, where it is a scalar; msg stays in its bytes, since most readers do not want its text. */
function valueOf(bytes: Uint8Array, start: number, end: number, key: string): Value['value'] {
  const c = bytes[start];
  if (c === OPEN || c === OPEN_LIST) return undefined;
  if (c === QUOTE) return key === 'msg' ? '' : unescapeKey(bytes, start + 1, end - 1);
  const value: unknown = JSON.parse(utf8.decode(bytes.subarray(start, end)));
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const MAX_NUMBER = 400; // longer than any number of use; keeps the copy small

/** Where the JSON value at `at` ends. Throws Malformed. */
function skipValue(bytes: Uint8Array, at: number, end: number): number {
  const closers: number[] = [];
  for (;;) {
    while (isSpace(bytes[at]) && at < end) at++;
    const c = at < end ? bytes[at] : undefined;
    if (c === OPEN || c === OPEN_LIST) {
      if (closers.length >= MAX_DEPTH) throw new Malformed('nested too deep');
      closers.push(c === OPEN ? CLOSE : CLOSE_LIST);
      at = skipKey(bytes, at + 1, end, c === OPEN, true);
      if (at >= 0) continue;
      at = -at; // an empty object or list: just behind its closer
      closers.pop();
    } else {
      at = skipScalar(bytes, at, end, c);
    }
    for (;;) {
      if (closers.length === 0) return at;
      while (isSpace(bytes[at]) && at < end) at++;
      const closer = closers[closers.length - 1];
      if (at < end && bytes[at] === closer) {
        closers.pop();
        at++;
      } else if (at < end && bytes[at] === COMMA) {
        at = skipKey(bytes, at + 1, end, closer === CLOSE, false);
        break;
      } else throw new Malformed('not JSON');
    }
  }
}

/** Behind an object's next key and colon (for a list: where its next value begins). Minus the end, if it closes at once and `mayClose`. */
function skipKey(bytes: Uint8Array, at: number, end: number, isObject: boolean, mayClose: boolean): number {
  while (isSpace(bytes[at]) && at < end) at++;
  if (mayClose && at < end && bytes[at] === (isObject ? CLOSE : CLOSE_LIST)) return -(at + 1);
  if (!isObject) return at;
  const keyEnd = bytes[at] === QUOTE ? stringEnd(bytes, viewOf(bytes), at + 1, end) : -1;
  if (keyEnd < 0) throw new Malformed('not JSON');
  at = keyEnd + 1;
  while (isSpace(bytes[at]) && at < end) at++;
  if (at >= end || bytes[at] !== COLON) throw new Malformed('not JSON');
  return at + 1;
}

function skipScalar(bytes: Uint8Array, at: number, end: number, c: number | undefined): number {
  if (c === QUOTE) {
    const close = stringEnd(bytes, viewOf(bytes), at + 1, end);
    if (close < 0) throw new Malformed('not JSON');
    return close + 1;
  }
  let stop = at;
  while (stop < end && stop - at <= MAX_NUMBER && isScalarByte(bytes[stop] as number)) stop++;
  const text = String.fromCharCode(...bytes.subarray(at, stop));
  if (text !== 'true' && text !== 'false' && text !== 'null' && !NUMBER.test(text)) throw new Malformed('not JSON');
  return stop;
}

function isScalarByte(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 97 && c <= 122) || c === 0x2b || c === 0x2d || c === 0x2e || c === 0x45;
}
