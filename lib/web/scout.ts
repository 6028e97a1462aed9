/** A quick look over many lines at once: which of them may match an expression at all. */
import { partsOf } from './sequence.ts';

/** What is shorter is found too often to be of use. */
const SHORTEST = 3;
const MANY = 8;

/**
 * An expression of one length that every match of `whole` has in it, or undefined if none is sure and of use. It holds no anchors
 * and looks at nothing around it, so it can be searched in lines that are joined without anything between them.
 */
export function scoutOf(whole: RegExp): RegExp | undefined {
  const fold = whole.flags.includes('i');
  const parts = (alternatives(whole.source) ?? [[]]).map((tokens) => bestOf(runsOf(tokens), fold));
  if (parts.length > MANY || parts.some((part) => part.length < SHORTEST)) return undefined;
  return new RegExp(parts.map((part) => part.join('')).join('|'), fold && parts.flat().some(hasCase) ? 'gi' : 'g');
}

/** Tokens that follow each other in every match: stretches of an alternative at the top level, without what may be left out. */
function runsOf(tokens: readonly string[]): string[][] {
  const runs: string[][] = [[]];
  for (let i = 0; i < tokens.length; i = endOf(tokens, i) + 1) {
    const token = tokens[i] as string;
    const next = tokens[i + 1] ?? '';
    const stays = isPlain(token) && !/^[*?{]$/.test(next);
    if (stays) runs.at(-1)?.push(token);
    if (!stays) runs.push([]);
    else if (next === '+') runs.push([token]); // the first of several ends a run, the last begins one
  }
  return runs;
}

/** Where a token ends with what repeats it: a group at its closing bracket. */
function endOf(tokens: readonly string[], from: number): number {
  let i = from;
  for (let depth = 0; i < tokens.length; i++) {
    if (tokens[i] === '(') depth++;
    if (tokens[i] === ')') depth--;
    if (depth === 0) break;
  }
  if (tokens[i + 1] === '{') while (++i < tokens.length && tokens[i] !== '}');
  else if (/^[*?+]$/.test(tokens[i + 1] ?? '')) i++;
  return tokens[i + 1] === '?' ? i + 1 : i;
}

/** The run that is found the least often and the soonest: of characters that have no other case, which engines look for as a text; else the longest. */
function bestOf(runs: readonly string[][], fold: boolean): string[] {
  const longest = (all: readonly string[][]): string[] => all.reduce<string[]>((best, run) => (run.length > best.length ? run : best), []);
  const texts = runs.flatMap((run) => split(run, (token) => isText(token) && !(fold && hasCase(token))));
  const text = longest(texts);
  return text.length >= SHORTEST ? text : longest(runs);
}

/** The tokens of each alternative at the top level. */
function alternatives(source: string): string[][] | undefined {
  const tokens = partsOf(source);
  if (!tokens || tokens.includes('\\k')) return undefined; // the name behind it is no text
  const all: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token === '(') depth++;
    if (token === ')') depth--;
    if (token === '|' && depth === 0) all.push([]);
    else (all.at(-1) as string[]).push(token);
  }
  return all;
}

/** Whether a token matches one character, whatever is around it. */
function isPlain(token: string): boolean {
  if (token.startsWith('\\')) return !/^\\[bBkpPu1-9]$/.test(token);
  return token.startsWith('[') ? token !== '[]' && token !== '[^]' : !/^[.*+?(){}|^$]$/.test(token);
}

/** The stretches of tokens that are all so. */
function split(tokens: readonly string[], is: (token: string) => boolean): string[][] {
  const all: string[][] = [[]];
  for (const token of tokens) {
    if (is(token)) (all.at(-1) as string[]).push(token);
    else all.push([]);
  }
  return all;
}

/** Whether a token is one character that is known. */
const isText = (token: string): boolean => !token.startsWith('[') && !/^\\[dDsSwW]$/.test(token);

/** Whether it may match characters that differ in case. */
const hasCase = (token: string): boolean => !/^(?:[!-@[-`{-~ ]|\\[^\w])$/.test(token);
