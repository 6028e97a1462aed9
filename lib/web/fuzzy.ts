/** Fuzzy search as people know it from fzf: the letters in order, the better the closer together and the nearer to beginnings of words. */
import { isDigit } from '../ascii.ts';

/** How well a text fits, more being better, and the characters that made it fit, ascending. */
export type Fit = { score: number; at: number[] };

const HIT = 16;
const GAP_BEGINS = -3;
const GAP_GOES_ON = -1;
/** After nothing or a separator, at a capital or the first digit of a number, and beside the last hit. */
const AT_WORD = 8;
const AT_HUMP = 7;
const TOGETHER = 4;
/** The first letter typed counts double where it begins a word: people begin with it. */
const FIRST = 2;
const NONE = -1e9;

/** Longer texts are only searched as a substring: the table below is their length times that of the query. */
const MAX_TEXT = 300;
const MAX_QUERY = 60;

const isLower = (c: number): boolean => c >= 97 && c <= 122;
const isUpper = (c: number): boolean => c >= 65 && c <= 90;

/** What it is worth that a hit stands at a place: beginnings of words are what people type. */
export function bonusAt(text: string, at: number): number {
  if (at === 0) return AT_WORD;
  const before = text.charCodeAt(at - 1);
  const here = text.charCodeAt(at);
  const wordBefore = isLower(before) || isUpper(before) || isDigit(before) || before > 127;
  if (!wordBefore) return AT_WORD;
  return (isLower(before) && isUpper(here)) || (!isDigit(before) && isDigit(here)) ? AT_HUMP : 0;
}

/** The best score with query[i] found at text[j], and where query[i - 1] then is, at i * MAX_TEXT + j; made once, written anew by each search. */
const hit = new Int32Array(MAX_QUERY * MAX_TEXT);
const from = new Int16Array(MAX_QUERY * MAX_TEXT);

/**
 * The best way to find all characters of `query` in `text` in order, upper and lower case being the same unless the query has a capital;
 * undefined where there is none. The table is Smith and Waterman's with affine gaps, as fzf's.
 */
export function fit(text: string, query: string): Fit | undefined {
  const exact = query !== query.toLowerCase();
  const t = exact ? text : text.toLowerCase();
  if (query.length === 0) return { score: 0, at: [] };
  if (t.length > MAX_TEXT || query.length > MAX_QUERY || t.length !== text.length) return substring(text, t, query);
  if (!inOrder(t, query)) return undefined;
  for (let i = 0, least = 0; i < query.length; i++, least++) {
    least = t.indexOf(query[i] as string, least);
    fill(i, least, text, t, query[i] as string);
  }
  return trace(query.length, t.length);
}

function inOrder(t: string, query: string): boolean {
  let at = -1;
  for (const c of query) if ((at = t.indexOf(c, at + 1)) < 0) return false;
  return true;
}

/** The row of the table for one character of the query; none can be found before `least`. */
function fill(i: number, least: number, text: string, t: string, c: string): void {
  const row = i * MAX_TEXT;
  const above = row - MAX_TEXT;
  hit.fill(NONE, row, row + t.length);
  let best = NONE; // of the character before, found further left than beside, less the gap from there
  let bestAt = -1;
  for (let j = i === 0 ? least : 1; j < t.length; j++) {
    if (i > 0) {
      best += GAP_GOES_ON;
      const earlier = j > 1 ? (hit[above + j - 2] as number) + GAP_BEGINS : NONE;
      if (earlier > best) [best, bestAt] = [earlier, j - 2];
    }
    if (j < least || t[j] !== c) continue;
    const bonus = bonusAt(text, j);
    const beside = i === 0 ? bonus * FIRST : (hit[above + j - 1] as number) + Math.max(bonus, TOGETHER);
    const apart = best + bonus;
    if (Math.max(beside, apart) <= NONE / 2) continue;
    hit[row + j] = HIT + Math.max(beside, apart);
    from[row + j] = beside >= apart ? j - 1 : bestAt;
  }
}

function trace(rows: number, columns: number): Fit | undefined {
  const last = (rows - 1) * MAX_TEXT;
  let end = 0;
  for (let j = 1; j < columns; j++) if ((hit[last + j] as number) > (hit[last + end] as number)) end = j;
  const score = hit[last + end] as number;
  if (score <= NONE / 2) return undefined;
  const at: number[] = [];
  for (let i = rows - 1, j = end; i >= 0; j = from[i * MAX_TEXT + j] as number, i--) at.unshift(j);
  return { score, at };
}

function substring(text: string, t: string, q: string): Fit | undefined {
  const found = t.indexOf(q);
  if (found < 0) return undefined;
  return { score: HIT * q.length + bonusAt(text, found), at: Array.from(q, (_, i) => found + i) };
}

/** How one word of a query is to be found: fzf's `'exact`, `^begins`, `ends$` and `!not`, else fuzzily. */
function fitWord(text: string, word: string): Fit | undefined {
  const not = word.startsWith('!');
  const bare = not ? word.slice(1) : word;
  if (not) return exactly(text, bare.replace(/^'/, '')) ? undefined : { score: 0, at: [] };
  if (/^['^]./.test(bare) || /.\$$/.test(bare)) return exactly(text, bare.replace(/^'/, ''));
  return fit(text, bare);
}

function exactly(text: string, word: string): Fit | undefined {
  const [begins, ends] = [word.startsWith('^'), word.length > 1 && word.endsWith('$')];
  const q = word.slice(begins ? 1 : 0, ends ? -1 : undefined).toLowerCase();
  const t = text.toLowerCase();
  const at = ends ? t.length - q.length : t.indexOf(q);
  if (at < 0 || (begins && !t.startsWith(q)) || (ends && !t.endsWith(q)) || (begins && ends && t !== q)) return undefined;
  const start = begins ? 0 : at;
  return { score: HIT * q.length + TOGETHER * q.length + bonusAt(text, start), at: Array.from(q, (_, i) => start + i) };
}

/** How a text fits all words of a query; undefined where one of them is not in it. */
export function fitAll(text: string, query: string): Fit | undefined {
  let score = 0;
  const at = new Set<number>();
  for (const word of query.split(/\s+/)) {
    if (word === '') continue;
    const found = fitWord(text, word);
    if (!found) return undefined;
    score += found.score;
    for (const i of found.at) at.add(i);
  }
  return { score, at: [...at].sort((a, b) => a - b) };
}

/** Those that fit a query, best first; among equals the shorter, and then the order they came in. */
export function ranked<T>(items: readonly T[], query: string, textOf: (item: T) => string): { item: T; at: number[] }[] {
  const found: { item: T; at: number[]; score: number; length: number }[] = [];
  for (const item of items) {
    const text = textOf(item);
    const good = fitAll(text, query);
    if (good) found.push({ item, ...good, length: text.length });
  }
  return found.sort((a, b) => b.score - a.score || a.length - b.length);
}
