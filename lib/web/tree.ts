/** JSON read as a tree that still knows how everything was written: each value is a stretch of the text, so big numbers and the order of keys stay. */

/** What a value is; `bare` is a value of logfmt without quotes that is neither number nor word. */
export type Kind = 'object' | 'array' | 'string' | 'number' | 'word' | 'bare';

/** A value: the text's [start, end), with the quotes of a string. `key` is its name in its object, or its index. */
export type Node = {
  kind: Kind;
  key: string;
  start: number;
  end: number;
  items: Node[];
  /** It holds more than was read: too many values, too deep, or the text ends before it does. */
  cut: boolean;
};

const MAX_DEPTH = 32;
const MAX_NODES = 2000;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5d, 0x7b, 0x7d];
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/**
 * The JSON value at `at`, or undefined where there is none. Of more than 2,000 values, or more than 32 within each other, the rest is
 * left out (`cut`). With `partial` a text that ends within the value gives what is whole of it; it then ends where the text ends.
 * Takes time linear in the length of the text.
 */
export function readJson(text: string, at = 0, partial = false): Node | undefined {
  const reader = new Reader(text, at);
  const node = reader.value('', 0);
  return node && (partial || !reader.ended) ? node : undefined;
}

class Reader {
  /** The text ended within the value. */
  ended = false;
  readonly #text: string;
  #at: number;
  #nodes = 0;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  /** The value here; undefined where it is none. At the end of the text what was read of it is whole or left out. */
  value(key: string, depth: number): Node | undefined {
    this.#space();
    const start = this.#at;
    const c = this.#text.charCodeAt(start);
    if (c === OPEN || c === OPEN_LIST) return this.#holder({ kind: c === OPEN ? 'object' : 'array', key, start, end: start, items: [], cut: false }, depth);
    const kind = c === QUOTE ? 'string' : c === 0x74 || c === 0x66 || c === 0x6e ? 'word' : 'number';
    const read = kind === 'string' ? this.#string() : this.#match(kind === 'word' ? WORD : NUMBER);
    return read ? { kind, key, start, end: this.#at, items: [], cut: false } : undefined;
  }

  #holder(node: Node, depth: number): Node | undefined {
    const close = node.kind === 'object' ? CLOSE : CLOSE_LIST;
    this.#at++;
    for (let index = 0; ; index++) {
      this.#space();
      if (this.#code() === close) break;
      if (index > 0 && !this.#take(COMMA)) return this.#unfinished(node);
      const key = node.kind === 'object' ? this.#key() : String(index);
      if (key === undefined) return this.#unfinished(node);
      const deep = depth + 1 >= MAX_DEPTH || ++this.#nodes > MAX_NODES;
      const item = deep ? this.#passed(key) : this.value(key, depth + 1);
      if (!item) return this.#unfinished(node);
      // A number at the very end of the text may have had more digits.
      if (item.kind === 'number' && this.#at >= this.#text.length) return this.#unfinished(node);
      if (deep && this.#nodes > MAX_NODES) node.cut = true;
      else node.items.push(item);
      if (this.ended) return this.#unfinished(node);
    }
    node.end = ++this.#at;
    return node;
  }

  /** The text has ended within this: what was read stays. Anything else is no JSON. */
  #unfinished(node: Node): Node | undefined {
    if (!this.ended && this.#at < this.#text.length) return undefined;
    this.ended = true;
    node.end = this.#text.length;
    node.cut = true;
    return node;
  }

  /** A value that is only passed over: brackets are counted, what is within is not read. */
  #passed(key: string): Node | undefined {
    this.#space();
    const c = this.#code();
    if (c !== OPEN && c !== OPEN_LIST) return this.value(key, MAX_DEPTH);
    const start = this.#at;
    for (let open = 0; this.#at < this.#text.length; ) {
      const code = this.#code();
      if (code === QUOTE) {
        if (!this.#string()) return undefined;
        continue;
      }
      this.#at++;
      if (code === OPEN || code === OPEN_LIST) open++;
      else if ((code === CLOSE || code === CLOSE_LIST) && --open === 0) {
        return { kind: c === OPEN ? 'object' : 'array', key, start, end: this.#at, items: [], cut: true };
      }
    }
    return undefined;
  }

  #key(): string | undefined {
    this.#space();
    const start = this.#at;
    if (this.#code() !== QUOTE || !this.#string()) return undefined;
    const key = unquoted(this.#text.slice(start, this.#at));
    this.#space();
    return this.#take(COLON) ? key : undefined;
  }

  #string(): boolean {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at++) {
      const c = text.charCodeAt(at);
      if (c === BACKSLASH) at++;
      else if (c === QUOTE) {
        this.#at = at + 1;
        return true;
      }
    }
    this.#at = text.length;
    this.ended = true;
    return false;
  }

  #match(what: RegExp): boolean {
    what.lastIndex = this.#at;
    if (!what.test(this.#text)) {
      // `tru` at the end of the text may be the beginning of a word.
      if (/^[a-z-]{0,4}$/.test(this.#text.slice(this.#at, this.#at + 6)) && this.#text.length - this.#at < 5) this.#at = this.#text.length;
      return false;
    }
    this.#at = what.lastIndex;
    return true;
  }

  #take(code: number): boolean {
    if (this.#code() !== code) return false;
    this.#at++;
    return true;
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #space(): void {
    for (let c = this.#code(); c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d; c = this.#code()) this.#at++;
  }
}

/** A JSON string without its quotes and escapes; as it stands where it is none. */
export function unquoted(json: string): string {
  if (!json.includes('\\')) return json.slice(1, -1);
  try {
    return JSON.parse(json) as string;
  } catch {
    return json.slice(1, -1);
  }
}

/** What a value says: a string without its quotes, anything else as it was written. */
export function said(text: string, node: Node): string {
  const written = text.slice(node.start, node.end);
  return node.kind === 'string' ? unquoted(written) : written;
}

/** The names that lead from the root to a value, as people write them: `req.headers.host`, `tags.0`; keys with dots or quotes are quoted. */
export function pathName(keys: readonly string[]): string {
  return keys.map((key) => (/^[^."\s]+$/.test(key) ? key : JSON.stringify(key))).join('.');
}

/** The names out of such a path. */
export function pathKeys(path: string): string[] {
  return [...path.matchAll(/"(?:[^"\\]|\\.)*"|[^."]+/g)].map(([part]) => (part.startsWith('"') ? unquoted(part) : part));
}

/** The value that the names lead to. A key that is itself written with dots (`log.level`) is found as well. */
export function nodeAt(root: Node, keys: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (let i = 0; i < keys.length && node; i++) {
    const rest = keys.slice(i).join('.');
    const whole = i + 1 < keys.length ? node.items.find((item) => item.key === rest) : undefined;
    if (whole) return whole;
    node = node.items.find((item) => item.key === keys[i]);
  }
  return node;
}
