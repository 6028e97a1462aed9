/** A quick look over many lines at once: which of them may match an expression at all. */
import { partsOf } from './sequence.ts';

/** A beginning shorter than this is found too often to be of use. */
const SHORTEST = 3;
const MANY = 8;

/**
 * An expression of one length that every match of `whole` begins with, or undefined if none is sure and of use. It holds no anchors
 * and looks at nothing around it, so it can be searched in lines that are joined without anything between them.
 */
export function scoutOf(whole: RegExp): RegExp | undefined {
  const beginnings: string[] = [];
  for (const tokens of alternatives(whole.source) ?? [[]]) {
    let length = 0;
    while (length < tokens.length && isPlain(tokens[length] as string)) length++;
    if (/^[*?{]$/.test(tokens[length] ?? '')) length--; // what may be left out
    if (length < SHORTEST) return undefined;
    beginnings.push(tokens.slice(0, length).join(''));
  }
  if (beginnings.length > MANY) return undefined;
  return new RegExp(beginnings.join('|'), whole.flags.includes('i') ? 'gi' : 'g');
}

/** The tokens of each alternative at the top level. */
function alternatives(source: string): string[][] | undefined {
  const tokens = partsOf(source);
  if (!tokens) return undefined;
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
