/** Expressions like `foo.*bar.*baz` taken apart, so that they are searched piece after piece: as one they are quadratic in a line's length. */

/** Where lines end for `.`: a text that has one of these has to be searched by the whole expression (ECMA-262, LineTerminator). */
const LINE_END = /[\n\r\u2028\u2029]/;

/**
 * The pieces between the `.*` of an expression, so that a text without line ends matches it if and only if each piece is found
 * behind the one before; undefined where that is not sure. Every piece but the last must have one length whatever it matches: then
 * the first place where it is found is also where it ends first, and no other choice leaves more for the pieces behind it.
 */
export function piecesOf(source: string): string[] | undefined {
  const pieces: string[] = [];
  let piece = '';
  let loose = false; // the piece has no length of its own: it can only be the last
  let depth = 0;
  for (let i = 0; i < source.length; ) {
    const token = tokenAt(source, i);
    if (token === '' || /^\\[1-9k]/.test(token) || (token === '|' && depth === 0)) return undefined;
    i += token.length;
    if (token === '.' && depth === 0 && (source[i] === '*' || source[i] === '+')) {
      const any = source[i];
      i += source[i + 1] === '?' ? 2 : 1;
      if (loose) return undefined;
      pieces.push(any === '+' ? `${piece}.` : piece);
      piece = '';
      continue;
    }
    if (token === '(') depth++;
    if (token === ')') depth--;
    loose ||= /^(?:[*+?({)$]|\\[bB])$/.test(token) || (token === '^' && (piece !== '' || pieces.length > 0));
    piece += token;
  }
  if (pieces.length === 0) return undefined;
  pieces.push(piece);
  return pieces.filter((one) => one !== '');
}

/** An expression as tokens; undefined where it is not understood. */
export function partsOf(source: string): string[] | undefined {
  const tokens: string[] = [];
  for (let i = 0; i < source.length; i += (tokens.at(-1) as string).length) {
    const token = tokenAt(source, i);
    if (token === '') return undefined;
    tokens.push(token);
  }
  return tokens;
}

/** The token that begins at `i`: a class, an escape, or one character; '' for what is not understood. */
function tokenAt(source: string, i: number): string {
  const c = source[i] as string;
  if (c === '\\') {
    const rest = source.slice(i);
    const long = /^\\(?:x[\da-f]{2}|u[\da-f]{4}|c[a-z]|0)/i.exec(rest)?.[0];
    return long ?? (rest.length > 1 ? rest.slice(0, 2) : '');
  }
  if (c !== '[') return c;
  for (let at = i + 1; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === ']') return source.slice(i, at + 1);
  }
  return '';
}

/** Tests texts for an expression: the same as `whole.test`, but sooner where the expression can be taken apart. */
export class Sequence {
  readonly #whole: RegExp;
  readonly #pieces: RegExp[] | undefined;

  constructor(whole: RegExp) {
    this.#whole = whole;
    this.#pieces = piecesOf(whole.source)?.map((piece) => new RegExp(piece, `g${whole.flags}`));
  }

  test(text: string): boolean {
    const pieces = this.#pieces;
    if (!pieces || LINE_END.test(text)) return this.#whole.test(text);
    let at = 0;
    for (const piece of pieces) {
      piece.lastIndex = at;
      if (!piece.test(text)) return false;
      at = piece.lastIndex;
    }
    return true;
  }
}
