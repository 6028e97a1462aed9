/** Filters as they are run over lines: regular expressions, and text as it stands. */
import type { Filter } from './talk.ts';

/** Why a pattern is no regular expression, in the engine's own words; undefined if it is one. */
export function patternFault(source: string): string | undefined {
  try {
    new RegExp(source);
    return undefined;
  } catch (err) {
    const text = err instanceof Error ? err.message : String(err);
    return text.replace(/^Invalid regular expression: (?:\/.*\/[a-z]*: )?/s, '');
  }
}

/** Why a filter cannot be run; undefined if it can. */
export function filterFault({ source, mode }: Filter): string | undefined {
  return mode === 'text' ? undefined : patternFault(source);
}

/** The expression that matches a text as it stands. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** A field and its value as lines show them: `user.id=u-16`, `name="Ada L."`. */
const FIELD = /^([\w.@-]+)=((?![*+?{])[^\s"|()]*|"[^"|()]*"?)$/;

/** The source of a filter's expression. What is shown as field=value is sought as JSON has it written as well. */
export function sourceOf({ source, mode }: Filter): string {
  const write = mode === 'text' ? literal : (text: string): string => text;
  const [, path, value] = FIELD.exec(source) ?? [];
  if (path === undefined || value === undefined) return write(source);
  const [, above, key] = /^(.*\.)?(.*)$/.exec(path) as unknown as [string, string | undefined, string];
  const name = above === undefined ? literal(key) : `(?:${literal(above)})?${literal(key)}`;
  return `(?:${write(source)}|"${name}"\\s*:\\s*${value.startsWith('"') ? '' : '"?'}${write(value)})`;
}

/**
 * The expression as it is run. A leading `.*` changes nothing about which lines match, but makes the search quadratic in the length
 * of a line, so it is left out; behind `^` it does, in a line with a newline. Throws what `new RegExp` throws.
 */
export function compile(source: string, fold: boolean, all: boolean): RegExp {
  new RegExp(source);
  return new RegExp(source.replace(/^(?:\.\*\??)+/, ''), (fold ? 'i' : '') + (all ? 'g' : ''));
}

/** The expression of a filter; see `compile`. */
export function expressionOf(filter: Filter, all: boolean): RegExp {
  return compile(sourceOf(filter), filter.fold, all);
}

/** The most marks of one line. */
const MAX_MARKS = 500;

/** A place in the text, or the one beside it (`by` before or behind) where it is within a character of two units. */
const whole = (text: string, at: number, by: number): number => ((text.codePointAt(at - 1) ?? 0) > 0xffff ? at + by : at);

/** Where the expression (made with `all`) matches in the text: start, end, start, end... Empty matches are left out. */
export function marksIn(text: string, regex: RegExp): number[] {
  const marks: number[] = [];
  regex.lastIndex = 0;
  for (let match = regex.exec(text); match && marks.length < MAX_MARKS * 2; match = regex.exec(text)) {
    if (match[0] === '') regex.lastIndex++;
    else marks.push(whole(text, match.index, -1), whole(text, match.index + match[0].length, 1));
  }
  return marks;
}

/** Where any of several expressions matches: stretches in order, those that touch joined. */
export function marksOfAll(text: string, regexes: readonly RegExp[]): number[] {
  if (regexes.length === 1) return marksIn(text, regexes[0] as RegExp);
  const pairs = regexes.flatMap((regex) => pairsOf(marksIn(text, regex))).sort((a, b) => a[0] - b[0]);
  const joined: number[] = [];
  for (const [start, end] of pairs) {
    const last = joined.length - 1;
    if (last >= 0 && start <= (joined[last] as number)) joined[last] = Math.max(joined[last] as number, end);
    else joined.push(start, end);
  }
  return joined;
}

function pairsOf(marks: number[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = 0; i < marks.length; i += 2) pairs.push([marks[i] as number, marks[i + 1] as number]);
  return pairs;
}
